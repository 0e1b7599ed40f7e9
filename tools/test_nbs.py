"""Run the notebooks as tests, each in a process of its own, two at a time, and say how long each took. `--quick`: only what a change can have touched, that is the
notebooks that differ from HEAD (or from `--base REV`) and those that import their modules. Notebooks as arguments: these. Ends in `notebooks: N passed, M failed`."""
import argparse, json, os, re, resource, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

limit = 40   # Seconds of CPU time that a page may take
fails = 1.5*limit   # A slower machine is no mistake
nbs = Path('nbs')

def one(name):
    "Run one notebook; its time goes to stdout"
    from nbdev.config import get_config
    from nbdev.test import test_nb
    ok,_ = test_nb(Path(name).absolute(), skip_flags=get_config().tst_flags.split(), basepath=get_config().config_path)
    used = [resource.getrusage(o) for o in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f'\nCPU {sum(o.ru_utime+o.ru_stime for o in used):.1f}')
    return ok

def run(name):
    "Run `name` in a new process: whether it passed, its seconds of CPU time, what it printed"
    p = subprocess.run([sys.executable, __file__, '--one', name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                       env=os.environ | dict(OMP_NUM_THREADS='1'))
    secs = re.findall(r'^CPU ([\d.]+)$', p.stdout, re.M)
    return p.returncode==0 and bool(secs), float(secs[-1]) if secs else 0., p.stdout

def module_of(name):
    "The module that a notebook exports to, or None"
    m = re.search(r'#\| *default_exp ([\w.]+)', Path(name).read_text(encoding='utf-8'))
    return m and m[1]

def imports_of(name):
    "The modules that a notebook names, in exported cells and in tests"
    return set(re.findall(r'kd_fastai\.([\w.]+\w)', Path(name).read_text(encoding='utf-8')))

def touched(names, base):
    "Those of `names` that a change since `base` can have touched"
    diff = subprocess.run(['git', 'diff', '--name-only', base], capture_output=True, text=True, check=True).stdout.split()
    new = subprocess.run(['git', 'ls-files', '-o', '--exclude-standard'], capture_output=True, text=True, check=True).stdout.split()
    changed = {o for o in diff+new if o in names}
    modules = {o: module_of(o) for o in names}
    imports = {o: imports_of(o) for o in names}
    while True:   # until nothing is added
        known = {modules[o] for o in changed} - {None}
        if known: known.add('all')
        more = {o for o in names if imports[o] & known} - changed
        if not more: return [o for o in names if o in changed]
        changed |= more

def main():
    p = argparse.ArgumentParser()
    p.add_argument('names', nargs='*')
    p.add_argument('--one', action='store_true')
    p.add_argument('--quick', action='store_true')
    p.add_argument('--base', default='HEAD')
    args = p.parse_args()
    if args.one: sys.exit(not one(args.names[0]))
    names = args.names or sorted(map(str, (o for o in nbs.rglob('*.ipynb') if not any(p[0] in '._' for p in o.relative_to(nbs).parts))))
    if args.quick: names = touched(names, args.base)
    start,n_failed,cpu = time.time(),0,0
    with ThreadPoolExecutor(2) as pool:
        for name,(ok,secs,text) in zip(names, pool.map(run, names)):
            if ok and secs > fails: ok,text = False,f'{name} takes more than {fails:.0f} s'
            print(f"{'passed' if ok else 'FAILED'} {secs:5.0f} s  {name}{f'   over {limit} s' if secs > limit else ''}", flush=True)
            if not ok: print(text, flush=True)
            n_failed += not ok
            cpu += secs
    print(f'{time.time()-start:.0f} s in all, {cpu:.0f} s of CPU time\nnotebooks: {len(names)-n_failed} passed, {n_failed} failed')
    sys.exit(bool(n_failed))

if __name__=='__main__': main()
