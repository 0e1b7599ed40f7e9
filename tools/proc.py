"""Make `_proc`, the notebooks as Quarto gets them, and repair how nbdev shows signatures there: links within code, lines too long for a window, and docstrings of
several lines of which only the first is set apart. `nbdev_proc_nbs` does the first part too, but would install Quarto."""
import json, re, shutil, textwrap
from pathlib import Path
from nbdev.quarto import proc_nbs, refresh_quarto_yml

width = 80   # Columns that a window of 1,400 pixels shows

def short_line(line):
    "A parameter with its comment; above it where both together are too wide"
    code,hash_,comment = line.partition(' # ')
    code = re.sub(r'\b(?:[a-z_]\w*\.){2,}(\w+)', r'\1', code)   # `fastai.learner.Learner`
    if not hash_ or len(f'{code} # {comment}') <= width: return code + hash_ + comment
    indent = code[:len(code)-len(code.lstrip())] + '# '
    return '\n'.join([*textwrap.wrap(comment, width, initial_indent=indent, subsequent_indent=indent), code])

def plain_signature(m):
    "A signature without links, in lines that a window shows"
    text = re.sub(r'\[(`[^`\]]+`)\]\([^)\s]*\)', r'\1', m[0])
    return '\n'.join(map(short_line, text.split('\n')))

def plain_code(text): return re.sub(r'^```python\ndef .*?^```', plain_signature, text, flags=re.S | re.M)

def whole_docstring(text):
    "The first paragraph of the docstring below a signature in italics, and not its first line alone"
    def join(m): return f"{m[1]}*{' '.join(f'{m[2]}{m[3]}'.split())}*"
    return re.sub(r'(^```\n\n)\*([^\n]+)\*((?:\n[^\n]+)+)', join, text, flags=re.M)

def repaired(out):
    "One output of a cell"
    if text := out.get('data', {}).get('text/markdown'):
        out['data']['text/markdown'] = whole_docstring(plain_code(''.join(text)))
    return out

shutil.rmtree('_proc', ignore_errors=True)
refresh_quarto_yml()
proc_nbs(n_workers=0)
for path in Path('_proc').rglob('*.ipynb'):
    nb = json.loads(path.read_text(encoding='utf-8'))
    for cell in nb['cells']:
        if 'outputs' in cell: cell['outputs'] = list(map(repaired, cell['outputs']))
    path.write_text(json.dumps(nb, ensure_ascii=False), encoding='utf-8')
