"""Check what a notebook has to be besides passing: its opening, its outputs, its imports, its place in the sidebar, and the size of what a reader has
to take in at once. Prints a table of the modules' notebooks, then the problems. With notebooks as arguments only these."""
import ast, io, json, re, sys, tokenize
from pathlib import Path
import yaml

nbs = Path('nbs')
limits = {'lines':250, 'longest cell':25, 'columns':100, 'columns shown':80, 'unshown':60, 'names per cell':1, 'joint assignments':0, 'semicolons':0, 'private imports':0}
places = f'{Path.home()}/',f'{Path.cwd()}/','ipykernel_'
numbered = re.compile(r'(\d\d)_(\w+(?:\.\w+)*)')

def notebooks():
    "All notebooks of the site, sorted"
    return sorted(o for o in nbs.rglob('*.ipynb') if not any(p[0] in '._' for p in o.relative_to(nbs).parts))

def directives(src): return {o[2:].split('#')[0].strip() for o in src.splitlines() if o.startswith('#|')}
def is_export(src): return any(re.match(r'exports?\b', o) for o in directives(src))
def is_shown(src): return not directives(src) & {'hide', 'export', 'echo: false'} and not any(o.startswith('default_exp') for o in directives(src))
def code_lines(src): return [o for o in src.splitlines() if o.strip() and not o.startswith('#|')]

def parsed(src):
    "The syntax tree; of IPython's own lines nothing is known"
    try: return ast.parse('\n'.join('' if re.match(r'\s*[!%]', o) else o for o in src.splitlines()))
    except SyntaxError: return ast.parse('')

def public_names(src):
    "Functions, classes and methods that the cell documents"
    return [o.name for o in parsed(src).body if isinstance(o, (ast.FunctionDef,ast.ClassDef,ast.AsyncFunctionDef)) and o.name[0]!='_']

def joint_assignments(src):
    "How often several values that are computed are assigned in one line"
    computed = ast.Call,ast.BinOp,ast.ListComp,ast.GeneratorExp,ast.DictComp,ast.IfExp,ast.BoolOp
    def joint(o): return (isinstance(o, ast.Assign) and isinstance(o.targets[0], ast.Tuple) and isinstance(o.value, ast.Tuple)
                          and any(isinstance(p, computed) for v in o.value.elts for p in ast.walk(v)))
    return sum(map(joint, ast.walk(parsed(src))))

def semicolons(src):
    try: return sum(t.type==tokenize.OP and t.string==';' for t in tokenize.generate_tokens(io.StringIO(src).readline))
    except (tokenize.TokenError,IndentationError): return 0

def imports_of(src): return re.findall(r'^\s*(?:from kd_fastai\.([\w.]+) import (.*)|import kd_fastai\.([\w.]+))', src, re.M)

def unshown(cells):
    "The most exported lines that pass before the reader sees something run"
    most = now = 0
    for src in cells:
        if is_export(src) and not src.splitlines()[-1].startswith(('import ','from ')): now += len(code_lines(src))
        elif is_shown(src): now = 0
        most = max(most, now)
    return most

def measure(cells):
    "What `limits` limits, for the code cells of one notebook"
    exported,shown = [o for o in cells if is_export(o)],[o for o in cells if is_shown(o)]
    def most(f, srcs): return max(map(f, srcs), default=0)
    def width(src): return most(len, code_lines(src))
    return {'lines': sum(len(code_lines(o)) for o in exported), 'longest cell': most(lambda o: len(code_lines(o)), exported),
        'columns': most(width, exported), 'columns shown': most(width, shown), 'unshown': unshown(cells), 'names per cell': most(lambda o: len(public_names(o)), exported),
        'joint assignments': sum(map(joint_assignments, exported)), 'semicolons': sum(map(semicolons, shown)),
        'private imports': sum(bool(re.search(r'\b_\w', what)) for o in exported for _,what,_ in imports_of(o))}

def problems_of(name, numbers):
    "What is wrong with a notebook"
    cells = json.loads(name.read_text(encoding='utf-8'))['cells']
    first = ''.join(cells[0]['source']) if cells else ''
    if not (cells and cells[0]['cell_type']=='markdown' and re.search(r'^# \S.*\n+> \S', first, re.M)): yield 'the first cell is not `# title` and `> sentence`'
    elif len(first.strip().splitlines()) > 3: yield 'the first cell has more than `# title` and `> sentence`, which the site leaves out'
    me = numbered.fullmatch(name.stem) if name.parent==nbs else None
    for i,cell in enumerate(cells):
        if cell['cell_type']!='code': continue
        src = ''.join(cell['source'])
        for out in cell['outputs']:
            if out['output_type']=='error': yield f'cell {i} holds an error: {out["ename"]}: {out["evalue"][:80]}'
            if any(o in json.dumps(out) for o in places): yield f'cell {i} shows a path of this machine'
        kinds = {isinstance(o, (ast.Import,ast.ImportFrom)) for o in parsed(src).body}
        if len(kinds)==2 and 'slow' not in directives(src): yield f'cell {cell["id"]} has imports and other code: imports stand in cells of their own'
        if is_export(src) and me:   # imports only from lower numbers, so that the listing of nbs is the dependency graph
            for mod,_,mod2 in imports_of(src):
                if numbers.get(mod or mod2, 99) >= int(me[1]): yield f'cell {i} imports {mod or mod2}, which is not a lower number'
    srcs = [''.join(o['source']) for o in cells if o['cell_type']=='code']
    for k,v in measure(srcs).items():
        if v > limits[k]: yield f'{k}: {v}, at most {limits[k]}{where(k, cells)}'

def where(k, cells):
    "The cells that are over a limit of single cells"
    if k in ('lines', 'unshown'): return ''
    over = [c['id'] for c in cells if c['cell_type']=='code' and measure([''.join(c['source'])])[k] > limits[k]]
    return f" (cells {', '.join(over)})"

def pages(o):
    "The notebooks that a sidebar lists"
    if isinstance(o, str): return {o} if o.endswith('.ipynb') else set()
    if isinstance(o, dict): return pages(o.get('href')) | pages(o.get('contents'))
    return set().union(*map(pages, o or []))

def sidebar_problems(names):
    listed = pages(yaml.safe_load(Path('_quarto.yml').read_text(encoding='utf-8'))['website']['sidebar'])
    found = {o.relative_to(nbs).as_posix() for o in names}
    return [f'_quarto.yml: the sidebar lacks {o}' for o in sorted(found-listed)] + [f'_quarto.yml: the sidebar lists {o}, which does not exist' for o in sorted(listed-found)]

def table(names):
    "A row for each notebook that is a module: what `limits` limits"
    rows = [(o.stem, measure([''.join(c['source']) for c in json.loads(o.read_text(encoding='utf-8'))['cells'] if c['cell_type']=='code'])) for o in names if o.parent==nbs and numbered.fullmatch(o.stem)]
    return [('notebook', *limits), ('limit', *limits.values()), *((k, *v.values()) for k,v in rows)]

if __name__=='__main__':
    names = notebooks()
    some = [Path(o) for o in sys.argv[1:] if o.endswith('.ipynb')]
    numbers = {m[2]: int(m[1]) for o in names if o.parent==nbs and (m := numbered.fullmatch(o.stem))}
    for row in table(some or names): print(f'{row[0]:<26}' + ''.join(f'{o!s:>{max(6,len(k)+2)}}' for o,k in zip(row[1:], limits)))
    problems = [f'{o}: {p}' for o in some or names for p in problems_of(o, numbers)] + ([] if some else sidebar_problems(names))
    print('\n' + ('\n'.join(problems) or f'{len(some or names)} notebooks are in order'))
    sys.exit(bool(problems))
