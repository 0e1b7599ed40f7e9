"README.md from nbs/index.ipynb, without Quarto; `--check` only compares. Needs nothing beyond Python."
import json, posixpath, re, sys
from configparser import ConfigParser
from difflib import unified_diff
from html.parser import HTMLParser
from pathlib import Path

root = Path(__file__).parent.parent
ini = ConfigParser(delimiters='=')
ini.read(root/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
site = cfg['doc_host'] + cfg['doc_baseurl']

class Table(HTMLParser):
    "The rows of the tables in a piece of HTML"
    def __init__(self, html):
        super().__init__()
        self.rows,self.cell = [],None
        self.feed(html)
    def handle_starttag(self, tag, attrs):
        if tag=='tr': self.rows.append([])
        elif tag in ('td', 'th'): self.cell = ''
    def handle_data(self, data):
        if self.cell is not None: self.cell += data
    def handle_endtag(self, tag):
        if tag in ('td', 'th') and self.cell is not None:
            self.rows[-1].append(' '.join(self.cell.split()).replace('|', r'\|'))
            self.cell = None

def md_table(html):
    "An HTML table as a Markdown table; None where there is no table"
    rows = [o for o in Table(html).rows if o]
    if not rows: return None
    # pandas writes the index's name in a second row of the head, otherwise empty
    if len(rows)>1 and rows[1][0] and not any(rows[1][1:]) and len(rows[1])>1 and not rows[0][0]:
        rows[0][0] = rows.pop(1)[0]
    return '\n'.join('| ' + ' | '.join(o) + ' |' for o in [rows[0], ['---']*len(rows[0]), *rows[1:]])

def link(m):
    "A relative link, as it has to be from the top: notebooks become pages of the site, files are below nbs"
    pre,to,post = m.groups()
    if re.match(r'\w+:|[#/]', to): return m[0]
    path,hash_,anchor = to.partition('#')
    if not path.endswith('.ipynb'): return pre + posixpath.normpath(f'{cfg["nbs_path"]}/{path}') + hash_ + anchor + post
    folder,name = posixpath.split(path)
    name = re.sub(r'^\d+[a-zA-Z0-9]*_', '', name.lower()).replace('.ipynb', '.html')
    return f'{pre}{site}/{posixpath.join(folder, name)}{hash_}{anchor}{post}'

def markdown(src):
    "A markdown cell, without what only Quarto reads"
    src = re.sub(r'\A---\n.*?\n---\n', '', src, flags=re.S)
    src = re.sub(r'^:::.*\n?', '', src, flags=re.M)
    src = re.sub(r'(!\[[^\]]*\]\([^)]*\))\{[^}]*\}', r'\1', src)
    src = re.sub(r'(\]\()([^)\s]+)(\))', link, src)
    return re.sub(r'(src=")([^"]+)(")', link, src).strip()

def output(out):
    "One stored output; None where a README cannot show it, a picture among them"
    def text(o): return ''.join(o).rstrip()
    fence = '```text\n{}\n```'.format
    if out['output_type']=='stream': return fence(text(out['text'])) if out['name']=='stdout' else None
    data = out.get('data', {})
    if any(o.startswith('image/') for o in data): return None
    if table := md_table(text(data.get('text/html', ''))): return table
    if 'text/markdown' in data: return markdown(text(data['text/markdown']))
    if 'text/html' in data: return None
    return fence(text(data['text/plain'])) if 'text/plain' in data else None

def code(cell):
    "The parts of a code cell: its source, its outputs"
    lines = ''.join(cell['source']).rstrip().split('\n')
    flags = {o[2:].strip().replace(' ', '') for o in lines if o.startswith('#|')}
    if flags & {'hide', 'export', 'include:false'} or any(o.startswith('default_exp') for o in flags): return []
    src = '\n'.join(o for o in lines if not re.match(r'#\|', o) and not re.search(r'#\|\s*hide_line\s*$', o)).strip()
    shown = [f'```python\n{src}\n```'] if src and 'echo:false' not in flags else []
    return shown + ([] if 'output:false' in flags else [output(o) for o in cell['outputs']])

parts = []
for cell in json.loads((root/cfg['nbs_path']/cfg['readme_nb']).read_text(encoding='utf-8'))['cells']:
    if cell['cell_type']=='markdown': parts.append(markdown(''.join(cell['source'])))
    elif cell['cell_type']=='code': parts += code(cell)
new = '<!-- Made from nbs/index.ipynb by `make readme`: edit that. -->\n\n' + '\n\n'.join(filter(None, parts)) + '\n'

readme = root/'README.md'
if '--check' in sys.argv[1:]:
    old = readme.read_text(encoding='utf-8') if readme.exists() else ''
    diff = ''.join(unified_diff(old.splitlines(True), new.splitlines(True), 'README.md', 'nbs/index.ipynb'))
    sys.exit(f'{diff}\nREADME.md is not what nbs/index.ipynb says: run `make readme`' if diff else 0)
readme.write_text(new, encoding='utf-8')
