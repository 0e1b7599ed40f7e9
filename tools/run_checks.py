"Run make targets one after another, go on after a failure, and end in one line: `N passed, M failed`."
import os, subprocess, sys

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
    "How many notebooks passed and failed: `nbdev_test` lists the failed ones, indented, below a ruler"
    from nbdev.doclinks import nbglob
    total = len(nbglob())
    if ok: return total, 0
    below = lines[lines.index('='*50 + '\n')+1:] if '='*50 + '\n' in lines else []
    failed = sum(o.startswith('\t') for o in below) or max(total, 1)  # Without the list it crashed: nothing is known to pass
    return total-failed, failed

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
