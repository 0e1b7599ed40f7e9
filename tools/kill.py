"""Kill tiny runs of `kd_distill images`, go on with `kd_distill resume`, and compare each with a run that was left alone: scores, weights, stored
answers and the list of files have to be the same. Half of the kills come at a random time, by SIGKILL, SIGINT or SIGTERM; the other half are a SIGKILL just
before a random change of the run's folder (a file opened for writing, renamed or deleted). Linux only, since it forks"""
import argparse, os, sys
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('n', type=int, nargs='?', default=50, help='how many kills')
parser.add_argument('--threads', type=int, default=1, help='threads of each run')
parser.add_argument('--seed', type=int, default=0, help='of the moments and the signals')
parser.add_argument('--keep', action='store_true', help='keep the runs, to look at them')
opts = parser.parse_args()
os.environ |= dict(OMP_NUM_THREADS=str(opts.threads), MPLBACKEND='agg')   # before torch is imported
import random, shutil, signal, tempfile, time, traceback, warnings
from collections import Counter
from pathlib import Path
from PIL import Image
from sklearn.datasets import load_digits
warnings.filterwarnings('ignore', '`torch.jit.script`', FutureWarning)   # by fastai, on import
from kd_fastai.apps.images import ImageJob
from kd_fastai.cli import kd_distill

ImageJob.every = 0.   # a checkpoint after each epoch, not every 30 seconds
options = '--seeds 2 --teacher resnet8 --width 1 --labels 12 --bs 16 --epochs 4 --teacher-epochs 8 --quiet'.split()
varying = {'report.csv','report.html','report.png','report.txt','run.json','files.json','student.pkl','teacher.pkl'}   # times, dates, zip archives

def write_digits(folder, n_train=24, n_valid=12, classes=5):
    "Some of scikit-learn's digits as PNG files"
    digits = load_digits()
    for c in range(classes):
        for i,o in enumerate(digits.images[digits.target==c][:n_train+n_valid]):
            file = folder/('train' if i<n_train else 'valid')/str(c)/f'{i:02}.png'
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((o*255/16).astype('uint8')).save(file)

def count_changes(folder, at, counts):
    "Count the changes of files in `folder` from now on, and end this process before number `at`. Writes the number so far to `counts`"
    n = 0
    def hook(event, args):
        nonlocal n
        opened = event=='open' and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if not (opened or event in ('os.rename','os.remove','os.mkdir','os.rmdir')) or not str(args[0]).startswith(str(folder)): return
        n += 1
        os.pwrite(counts, str(n).encode(), 0)
        if n==at: os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

def start(log, *argv, folder=None, at=None):
    """`kd_distill` in a process of its own, forked so that nothing has to be imported again. Returns its id. With `folder`, the changes in it are counted in
    a file next to the log, and the process dies before number `at`"""
    pid = os.fork()
    if pid:
        os.setpgid(pid, pid)   # here as in the child, whoever is first
        return pid
    status = 1
    try:
        os.setpgid(0, 0)
        f = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for o in (1,2): os.dup2(f, o)
        if folder: count_changes(folder, at, os.open(log.with_suffix('.changes'), os.O_WRONLY | os.O_CREAT))
        try: kd_distill(list(map(str, argv)))
        except SystemExit as e: status = e.code
        else: status = 0
    except BaseException: traceback.print_exc()
    finally:
        sys.stdout.flush(); sys.stderr.flush()
        os._exit(status)

def wait(pid, seconds=None):
    "The exit status of a process, minus the signal if one ended it; None if it still runs after `seconds`"
    end = seconds and time.monotonic()+seconds
    while True:
        done,status = os.waitpid(pid, os.WNOHANG if end else 0)
        if done: return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end: return
        time.sleep(.002)

def finish(log, *argv, **kwargs):
    "Run to the end, which must be a good one"
    status = wait(start(log, *argv, **kwargs))
    assert status==0, f'status {status}:\n{Path(log).read_text()}'

def contents(folder):
    "What has to be the same in two runs: the names of all files, and the bytes of those that hold no times"
    files = sorted(o for o in folder.rglob('*') if o.is_file())
    def content(o): return o.read_text().split('"seconds"')[0] if o.name=='record.json' else o.read_bytes()
    return {str(o.relative_to(folder)): None if o.name in varying else content(o) for o in files}

def place(folder):
    "How far a run is, in words"
    if not (folder/'run.json').exists(): return 'before it begins'
    if '"finished"' in (folder/'run.json').read_text(): return 'after its end'
    fits = {o.name for o in (folder/'fits').glob('[!.]*')}
    if len(fits)==5: return 'in the results'
    if 'teacher' not in fits: return 'in the teacher'
    if '0-alone' not in fits: return 'in a student'
    return 'in a student' if (folder/'answers/header.json').exists() else 'in the answers'

def killed(log, argv, after, sig):
    "Start, and send a signal after some seconds. Returns whether that ended the run"
    pid = start(log, *argv)
    status = wait(pid, after)
    if status is None:
        os.killpg(pid, sig)
        status = wait(pid)
    return ended(log, status, 130 if sig==signal.SIGINT else -sig)

def ended(log, status, by):
    assert status in (0,by), f'status {status} instead of {by}:\n{log.read_text()}'
    return status==by

def disturbed(rng, data, folder, log, seconds, changes, n_left):
    "A run that is killed once or more often, and then goes on to its end. Yields signal, moment and place of each kill"
    argv = first = ['images', data, '--out', folder, *options]
    for _ in range(min(n_left, rng.choice((1,1,1,2,3)))):
        at = rng.choice((0, rng.randint(1, changes)))
        sig = signal.SIGKILL if at else rng.choice([signal.SIGKILL]*3 + [signal.SIGINT,signal.SIGTERM])
        if at: hit = ended(log, wait(start(log, *argv, folder=folder, at=at)), -sig)
        else: hit = killed(log, argv, rng.uniform(.3, seconds), sig)   # not before the command reads its arguments
        if not hit: return   # it had ended before
        yield sig.name, f'before change {at}' if at else 'at a random time', place(folder)
        is_run = (folder/'run.json').exists()
        said = log.read_text().strip().splitlines()[-1:]
        hints = '',f'. Go on with: kd_distill resume {folder}'   # none before there is something to go on with
        assert sig!=signal.SIGINT or said in [[f'kd_distill: interrupted{o}'] for o in hints], said
        argv = ['resume', folder] if is_run else first
    finish(log, *argv)

def main(root):
    rng = random.Random(opts.seed)
    write_digits(root/'digits')
    began = time.monotonic()
    finish(root/'calm.log', 'images', root/'digits', '--out', root/'calm', *options, folder=root/'calm')
    seconds = time.monotonic()-began
    calm = contents(root/'calm')
    changes = int((root/'calm.changes').read_text())
    print(f'A run that is left alone takes {seconds:.1f} s and changes its folder {changes} times', flush=True)
    seen,faults,runs = [],[],0
    while len(seen) < opts.n:
        runs += 1
        folder = root/f'run-{runs}'
        log = folder.with_suffix('.log')
        kills = list(disturbed(rng, root/'digits', folder, log, seconds, changes, opts.n-len(seen)))
        now = contents(folder)
        differ = [o for o in calm.keys() | now.keys() if calm.get(o, 0)!=now.get(o, 0)]
        seen += kills
        faults += differ and [f'{folder} differs in {", ".join(sorted(differ))}']
        print(f'run {runs}: ' + (', then '.join(map(' '.join, kills)) or 'ended too soon'), flush=True)
        if differ: print(faults[-1], flush=True)
        elif not opts.keep: shutil.rmtree(folder)
    def counted(names): return ', '.join(f'{n} {o}' for o,n in Counter(names).most_common())
    n_before = sum(when!='at a random time' for _,when,_ in seen)
    print(f'{len(seen)} kills in {runs} runs: {counted(sig for sig,*_ in seen)}; {n_before} of them just before a change')
    print(counted(where for *_,where in seen))
    print(f'{len(faults)} runs ended otherwise' if faults else 'All runs ended like the one that was left alone')
    return bool(faults)

if __name__=='__main__':
    root = Path(tempfile.mkdtemp(prefix='kd_kill_'))
    failed = main(root)
    if failed or opts.keep: print(f'The runs are in {root}')
    else: shutil.rmtree(root)
    sys.exit(failed)
