"Render `_proc` with smalldocs into `_docs`, at the addresses that Quarto gives; a broken link, anchor or picture is an error."
import re, shutil, subprocess, sys
from configparser import ConfigParser
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ini = ConfigParser(delimiters='=')
ini.read('settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
site = cfg['doc_host'] + cfg['doc_baseurl'] + '/'
proc,docs = Path('_proc'),Path(cfg['doc_path'])

# nbdev has Quarto write 31_callback.core.ipynb to callback.core.html; smalldocs names a page after its notebook, so the notebooks are renamed.
# Links to our own published site become links within this one, which puts them to the test.
for nb in proc.rglob('*.ipynb'):
    text = nb.read_text(encoding='utf-8')
    text = re.sub(r'output-file: [^\\"]*\\n', '', text)
    text = re.sub(r'(\]\((?!\w+:)[^)\s]*?)\b\d+[a-z]*_([\w.]+\.ipynb)', r'\1\2', text)
    text = text.replace(f']({site}', '](/')
    nb.unlink()
    nb.with_name(re.sub(r'^\d+[a-zA-Z0-9]*_', '', nb.name.lower())).write_text(text, encoding='utf-8')
quarto = proc/'_quarto.yml'
quarto.write_text(re.sub(r'\b\d+[a-z]*_([\w.]+\.ipynb)', r'\1', quarto.read_text(encoding='utf-8')), encoding='utf-8')

if subprocess.run([sys.executable, '-m', 'smalldocs.cli', 'render', '--strict', str(proc)]).returncode: sys.exit(1)
shutil.rmtree(docs, ignore_errors=True)
shutil.move(proc/docs.name, docs)

class Page(HTMLParser):
    "The ids of a page, and what it links to"
    def __init__(self, path):
        super().__init__()
        self.ids,self.links = set(),set()
        self.feed(path.read_text(encoding='utf-8'))
    def handle_starttag(self, tag, attrs):
        for k,v in attrs:
            if k=='id': self.ids.add(v)
            elif k in ('href', 'src') and v: self.links.add(v)

pages = {o.resolve(): Page(o) for o in docs.rglob('*.html')}
broken = []
for path,page in pages.items():
    for link in sorted(page.links):
        url = urlsplit(link)
        if url.scheme or url.netloc: continue
        to = (path.parent/unquote(url.path)).resolve() if url.path else path
        if to.is_dir(): to = to/'index.html'
        if not to.exists() or (url.fragment and to in pages and unquote(url.fragment) not in pages[to].ids):
            broken.append(f'{path.name}: broken link {link}')
print('\n'.join(broken) or f'{len(pages)} pages in {docs}, no broken link')
sys.exit(bool(broken))
