"Check what a notebook has to be besides passing: its opening, its outputs, its imports, its place in the sidebar."
import json, re, sys
from pathlib import Path
import yaml

nbs = Path('nbs')
names = sorted(o for o in nbs.rglob('*.ipynb') if not any(p[0] in '._' for p in o.relative_to(nbs).parts))
places = f'{Path.home()}/',f'{Path.cwd()}/','ipykernel_'
number = {re.sub(r'^\d+_', '', o.stem): int(o.stem[:2]) for o in names if o.parent==nbs and o.stem[:2].isdigit()}
problems = []

for name in names:
    def bad(msg): problems.append(f'{name}: {msg}')
    cells = json.loads(name.read_text(encoding='utf-8'))['cells']
    first = ''.join(cells[0]['source']) if cells else ''
    if not (cells and cells[0]['cell_type']=='markdown' and re.match(r'# \S.*\n+> \S', first)):
        bad('the first cell is not `# title` and `> sentence`')
    for i,cell in enumerate(cells):
        if cell['cell_type']!='code': continue
        src = ''.join(cell['source'])
        for out in cell['outputs']:
            if out['output_type']=='error': bad(f'cell {i} holds an error: {out["ename"]}: {out["evalue"][:80]}')
            if any(o in json.dumps(out) for o in places): bad(f'cell {i} shows a path of this machine')
        # A module imports only from lower numbers, so that the listing of nbs is the dependency graph
        if re.search(r'^#\|\s*exports?\b', src, re.M) and name.parent==nbs and name.stem[:2].isdigit():
            for mod in re.findall(r'^\s*from kd_fastai\.(\w+) import', src, re.M):
                if number.get(mod, -1) >= int(name.stem[:2]): bad(f'cell {i} imports {mod}, which is not a lower number')

def pages(o):
    "The notebooks that a sidebar lists"
    if isinstance(o, str): return {o} if o.endswith('.ipynb') else set()
    if isinstance(o, dict): return pages(o.get('href')) | pages(o.get('contents'))
    return set().union(*map(pages, o or []))

listed = pages(yaml.safe_load(Path('_quarto.yml').read_text())['website']['sidebar'])
found = {o.relative_to(nbs).as_posix() for o in names}
problems += [f'_quarto.yml: the sidebar lacks {o}' for o in sorted(found-listed)]
problems += [f'_quarto.yml: the sidebar lists {o}, which does not exist' for o in sorted(listed-found)]

print('\n'.join(problems) or f'{len(names)} notebooks are in order')
sys.exit(bool(problems))
