"Run make targets one after another, go on after a failure, and end in one line: `N passed, M failed`."
import os, re, subprocess, sys

def run(target):
    "Run `target`, showing what it prints; give the lines printed and whether it passed"
    print(f'\n== {target}', flush=True)
    p = subprocess.Popen([os.environ.get('MAKE', 'make'), '--no-print-directory', target],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    lines = []
    for line in p.stdout:
        print(line, end='', flush=True)
        lines.append(line)
    return lines, p.wait()==0

def count_nbs(lines, ok):
    "How many notebooks passed and failed; without the line that says so, nothing is known to pass"
    said = re.search(r'^notebooks: (\d+) passed, (\d+) failed$', ''.join(lines), re.M)
    return tuple(map(int, said.groups())) if said else (0, 1)

passed,failed,bad = 0,0,[]
for target in sys.argv[1:]:
    if target=='docs' and sys.version_info < (3,11):
        print('\n== docs: left out, smalldocs needs Python 3.11')
        continue
    lines,ok = run(target)
    p,f = count_nbs(lines, ok) if target=='notebooks' else (int(ok), int(not ok))
    passed,failed = passed+p,failed+f
    if f: bad.append(target)
print('\n' + (f'Failed: {", ".join(bad)}' if bad else 'All passed'))
print(f'{passed} passed, {failed} failed')
sys.exit(bool(bad))
