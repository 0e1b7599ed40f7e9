"""Put one mistake at a time into a copy of the package and run the conformance page against it: a mistake that the page does not
notice survives. Prints `N mutations, M survivors`. With words as arguments, only mutations with one of them in file or name."""
import json, os, shutil, signal, sys, tempfile, time, types
from pathlib import Path

os.environ['OMP_NUM_THREADS'] = '1'
root = Path(__file__).parent.parent
page = root/'nbs/explanations/conformance.ipynb'
limit = 300   # Seconds; a mutation that hangs the page is noticed

# File, name, what stands there (exactly once), what it becomes
losses = [('losses.py', *o) for o in [
    # Shared by all
    ('half precision stays half', 'return tuple(z.float() if z.dtype in (torch.float16,torch.bfloat16) else z for', 'return tuple(z for'),
    ('bfloat16 stays bfloat16', 'in (torch.float16,torch.bfloat16) else', 'in (torch.float16,) else'),
    ('double precision becomes single', 'z.float() if z.dtype in (torch.float16,torch.bfloat16) else z for', 'z.float() for'),
    ('shapes may broadcast', 'if zs[0].shape != zs[1].shape: raise', 'if False: raise'),
    ('types of tensors kept', 'else x.as_subclass(Tensor)', 'else x'),
    ('log_softmax over the batch', 'F.log_softmax(z/T, dim=-1)', 'F.log_softmax(z/T, dim=0)'),
    ('KL averaged over classes', 'log_target=True).sum(-1)', 'log_target=True).mean(-1)'),
    ('sum instead of mean', 'return l.mean() if w is None', 'return l.sum() if w is None'),
    ('weighted sum not divided', 'return w / total.where(total > 0, 1)', 'return w / w.numel()'),
    ('no weight divides by 0', 'total.where(total > 0, 1)', 'total'),
    ('shape of weights not checked', 'if w.shape != like.shape[:w.ndim]: raise', 'if False: raise'),
    # One by one
    ('soft_target: T² dropped', 'return _mean(_kl(*_log_probs(pred, teacher_pred, T)), sample_weight) * T**2', 'return _mean(_kl(*_log_probs(pred, teacher_pred, T)), sample_weight)'),
    ('soft_target: T instead of T²', 'return _mean(_kl(*_log_probs(pred, teacher_pred, T)), sample_weight) * T**2', 'return _mean(_kl(*_log_probs(pred, teacher_pred, T)), sample_weight) * T'),
    ('soft_target: KL the other way', '_mean(_kl(*_log_probs(pred, teacher_pred, T))', '_mean(_kl(*_log_probs(teacher_pred, pred, T))'),
    ('soft_target: weights ignored', '_mean(_kl(*_log_probs(pred, teacher_pred, T)), sample_weight)', '_mean(_kl(*_log_probs(pred, teacher_pred, T)))'),
    ('soft_cross_entropy: sign', 'return _mean(-(t.exp() * s)', 'return _mean((t.exp() * s)'),
    ('soft_cross_entropy: of the student under itself', '-(t.exp() * s).sum(-1)', '-(s.exp() * s).sum(-1)'),
    ('soft_cross_entropy: T² dropped', '-(t.exp() * s).sum(-1), sample_weight) * T**2', '-(t.exp() * s).sum(-1), sample_weight)'),
    ('soft_cross_entropy: mean over classes', '-(t.exp() * s).sum(-1)', '-(t.exp() * s).mean(-1)'),
    ('logit_mse: absolute differences', 'F.mse_loss(*_pair', 'F.l1_loss(*_pair'),
    ('logit_mse: weights ignored', "reduction='none'), sample_weight)\n", "reduction='none'))\n"),
    ('logit_mse: half', "F.mse_loss(*_pair(pred, teacher_pred), reduction='none')", "F.mse_loss(*_pair(pred, teacher_pred), reduction='none')/2"),
    ('reverse_kl: forward', 'return _mean(_kl(t, s), sample_weight) * T**2', 'return _mean(_kl(s, t), sample_weight) * T**2'),
    ('reverse_kl: T² dropped', 'return _mean(_kl(t, s), sample_weight) * T**2', 'return _mean(_kl(t, s), sample_weight)'),
    ('reverse_kl: weights ignored', 'return _mean(_kl(t, s), sample_weight)', 'return _mean(_kl(t, s))'),
    ('jsd: beta on the student in the mixture', 't + math.log(beta), s + math.log1p(-beta)', 's + math.log(beta), t + math.log1p(-beta)'),
    ('jsd: beta on the wrong term', 'beta*_kl(mix, t) + (1-beta)*_kl(mix, s)', 'beta*_kl(mix, s) + (1-beta)*_kl(mix, t)'),
    ('jsd: KL the other way', 'beta*_kl(mix, t)', 'beta*_kl(t, mix)'),
    ('jsd: ends swapped', '_kl(t, s) if beta else _kl(s, t)', '_kl(s, t) if beta else _kl(t, s)'),
    ('jsd: ends not taken apart', 'if beta in (0,1):', 'if beta in (2,3):'),
    ('jsd: T² dropped', '_mean(l.clamp(min=0), sample_weight) * T**2', '_mean(l.clamp(min=0), sample_weight)'),
    ('jsd: below zero', 'l.clamp(min=0)', 'l'),
    ('jsd: beta not checked', 'if not 0 <= beta <= 1: raise', 'if False: raise'),
    ('jsd: mean of logits instead of probabilities', 'mix = torch.logaddexp(t + math.log(beta), s + math.log1p(-beta))', 'mix = F.log_softmax(beta*t + (1-beta)*s, -1)'),
    ('dkd, nkd: items without a label count', 'labelled = y != -100', 'labelled = y == y'),
    ('dkd, nkd: -1 for no label', 'labelled = y != -100', 'labelled = y != -1'),
    ('dkd, nkd: weights ignored', 'if w is None else labelled*_expand(w, labelled)', 'if True else w'),
    ('dkd, nkd: weights bring back what has no label', 'else labelled*_expand(w, labelled)', 'else _expand(w, labelled)'),
    ('dkd, nkd: float labels', 'target is None or target.is_floating_point() or', 'target is None or'),
    ('dkd, nkd: boolean labels', 'target.dtype==torch.bool or', ''),
    ('dkd, nkd: labels of another shape', ' or target.shape != pred.shape[:-1]: raise', ': raise'),
    ('dkd, nkd: no warning with two classes', 'if pred.shape[-1] < 3: warnings.warn', 'if False: warnings.warn'),
    ('dkd, nkd: true class among the others', 'others = z.gather(-1, i + (i >= y[...,None]))', 'others = z'),
    ('dkd, nkd: the class after the true one left out', 'i + (i >= y[...,None])', 'i + (i > y[...,None])'),
    ('dkd, nkd: odds against all classes', '[...,0] - others.logsumexp(-1), others', '[...,0] - z.logsumexp(-1), others'),
    ('dkd, sigmoid_kd: KL the other way', 'return t.sigmoid()*(F.logsigmoid(t) - F.logsigmoid(s)) +', 'return s.sigmoid()*(F.logsigmoid(s) - F.logsigmoid(t)) +'),
    ('dkd, sigmoid_kd: second half dropped', ' + (-t).sigmoid()*(F.logsigmoid(-t) - F.logsigmoid(-s))', ''),
    ('dkd, sigmoid_kd: sign of the second half', ' + (-t).sigmoid()*(', ' - (-t).sigmoid()*('),
    ('dkd: alpha and beta swapped', 'alpha*_binary_kl(s_y, t_y) + beta*rest', 'beta*_binary_kl(s_y, t_y) + alpha*rest'),
    ('dkd: binary KL the other way', 'alpha*_binary_kl(s_y, t_y)', 'alpha*_binary_kl(t_y, s_y)'),
    ('dkd: KL of the others the other way', 'rest = _kl(F.log_softmax(s_rest, -1), F.log_softmax(t_rest, -1))', 'rest = _kl(F.log_softmax(t_rest, -1), F.log_softmax(s_rest, -1))'),
    ('dkd: others not normalised', 'rest = _kl(F.log_softmax(s_rest, -1), F.log_softmax(t_rest, -1))', 'rest = _kl(s_rest, t_rest)'),
    ('dkd: T² dropped', 'beta*rest, w) * T**2', 'beta*rest, w)'),
    ('dkd: no temperature', '(_split(z/T, y) for z in (s,t))', '(_split(z, y) for z in (s,t))'),
    ('dkd: labels ignored in the mean', 'beta*rest, w) *', 'beta*rest) *'),
    ('nkd: target term at T', '_mean(-t_y.sigmoid()*F.logsigmoid(s_y) +', '_mean(-(t_y/T).sigmoid()*F.logsigmoid(s_y/T) +'),
    ('nkd: T² on both terms', 'F.logsigmoid(s_y) + gamma*T**2*rest, w)', 'F.logsigmoid(s_y) + gamma*rest, w)*T**2'),
    ('nkd: T² dropped', 'gamma*T**2*rest', 'gamma*rest'),
    ('nkd: target term without the teacher', '-t_y.sigmoid()*F.logsigmoid(s_y)', '-F.logsigmoid(s_y)'),
    ('nkd: sign of the target term', '_mean(-t_y.sigmoid()', '_mean(t_y.sigmoid()'),
    ('nkd: sign of the others', 'rest = -(F.softmax(t_rest/T', 'rest = (F.softmax(t_rest/T'),
    ('nkd: others at T = 1', 'F.softmax(t_rest/T, -1) * F.log_softmax(s_rest/T, -1)', 'F.softmax(t_rest, -1) * F.log_softmax(s_rest, -1)'),
    ('nkd: labels ignored in the mean', 'gamma*T**2*rest, w)', 'gamma*T**2*rest)'),
    ('dist: logits instead of probabilities', 'F.softmax(z/T, -1).reshape', '(z/T).reshape'),
    ('dist: not centred', 'return c.masked_fill(flat, 0)', 'return x'),
    ('dist, standardize_logits: rounding as spread', 'return c.masked_fill(flat, 0)', 'return c'),
    ('dist: centred over all', 'c = x - (w*x).mean(-1, keepdim=True)', 'c = x - (w*x).mean()'),
    ('dist: weights not in the mean', 'c = x - (w*x).mean(-1, keepdim=True)', 'c = x - x.mean(-1, keepdim=True)'),
    ('dist: weights squared', '_centred(x, w)*w**.5', '_centred(x, w)*w'),
    ('dist: eps vanished', 'b.norm(dim=-1) + eps)', 'b.norm(dim=-1))'),
    ('dist: eps on each norm', '(a.norm(dim=-1)*b.norm(dim=-1) + eps)', '((a.norm(dim=-1) + eps)*(b.norm(dim=-1) + eps))'),
    ('dist, standardize_logits: only an exact 0 is no spread', '(8*torch.finfo(x.dtype).eps)**2', '0'),
    ('dist, standardize_logits: a tenth is no spread', '(8*torch.finfo(x.dtype).eps)**2', '.01'),
    ('dist: covariance', '/ (a.norm(dim=-1)*b.norm(dim=-1) + eps)', '/ (b.norm(dim=-1)**2 + eps)'),
    ('dist: beta and gamma swapped', 'return beta*(1-rows) + gamma*(1-columns)', 'return gamma*(1-rows) + beta*(1-columns)'),
    ('dist: sign', 'return beta*(1-rows) + gamma*(1-columns)', 'return beta*(1+rows) + gamma*(1-columns)'),
    ('dist: T²', 'return beta*(1-rows) + gamma*(1-columns)', 'return (beta*(1-rows) + gamma*(1-columns))*T**2'),
    ('dist: rows twice', 'columns = _pearson(s.T, t.T,', 'columns = _pearson(s, t,'),
    ('dist: weights ignored in rows', '_mean(_pearson(s, t, eps), w)', '_mean(_pearson(s, t, eps))'),
    ('dist: weights ignored in columns', 'eps, 1. if w is None else', 'eps, 1. if True else'),
    ('dist: columns feel the scale of the weights', '_shares(w, s[:,0])*len(s)', 'w.to(s.dtype)'),
    ('dist: one row', 'if gamma and len(s) < 2: raise', 'if False: raise'),
    ('dist: one row, even where only rows are asked for', 'if gamma and len(s) < 2: raise', 'if len(s) < 2: raise'),
    ('sigmoid_kd: T² dropped', '_pair(pred, teacher_pred))), sample_weight) * T**2', '_pair(pred, teacher_pred))), sample_weight)'),
    ('sigmoid_kd: sum over the labels', 'return _mean(_binary_kl(*(z/T for z in _pair(pred, teacher_pred))), sample_weight)', 'return _mean(_binary_kl(*(z/T for z in _pair(pred, teacher_pred))).sum(-1), sample_weight)'),
    ('sigmoid_kd: weights ignored', '_pair(pred, teacher_pred))), sample_weight)', '_pair(pred, teacher_pred))))'),
    ('regression_kd: imitation alone', 'return _mean(imitation + err*(err + margin > bound), sample_weight)', 'return _mean(imitation, sample_weight)'),
    ('regression_kd: bounded on the wrong side', 'err + margin > bound', 'err + margin < bound'),
    ('regression_kd: sign of the margin', 'err + margin > bound', 'err - margin > bound'),
    ('regression_kd: pays the distance to the bound', 'imitation + err*(err + margin > bound)', 'imitation + (err-bound)*(err + margin > bound)'),
    ('regression_kd: student and teacher swapped', 'err,bound = (s-y)**2,(t-y)**2', 'bound,err = (s-y)**2,(t-y)**2'),
    ('regression_kd: number of values not checked', 'if target.numel() != s.numel(): raise', 'if False: raise'),
    ('regression_kd: weights ignored', '(err + margin > bound), sample_weight)', '(err + margin > bound))'),
    ('standardize_logits: biased deviation', '/(z.shape[-1]-1)**.5)', '/z.shape[-1]**.5)'),
    ('standardize_logits: variance', 'c.norm(dim=-1, keepdim=True)/(z.shape[-1]-1)**.5', 'c.norm(dim=-1, keepdim=True)**2/(z.shape[-1]-1)'),
    ('standardize_logits: teacher alone', 'return loss(*(_standardize(z, eps) for z in _pair(pred, teacher_pred)), *args', 'return loss(pred, _standardize(_pair(pred, teacher_pred)[1], eps), *args'),
    ('standardize_logits: eps dropped', 'return c / (eps + c.norm', 'return c / (c.norm'),
    ('standardize_logits: eps in the wrong place', 'return c / (eps + c.norm(dim=-1, keepdim=True)/(z.shape[-1]-1)**.5)', 'return c / (c.norm(dim=-1, keepdim=True)/(z.shape[-1]-1)**.5) + eps'),
    ('standardize_logits: target lost', '_pair(pred, teacher_pred)), *args, **kwargs)', '_pair(pred, teacher_pred)), **kwargs)'),
    ('standardize_logits: one class', 'if z.shape[-1] < 2: raise', 'if False: raise'),
    ('weighted: gradient through the weights', 'with torch.no_grad(): w = weight_fn', 'w = weight_fn'),
    ('weighted: student and teacher swapped', 'w = weight_fn(pred, teacher_pred, target)', 'w = weight_fn(teacher_pred, pred, target)'),
    ('standardize_logits: signature lost', 'return update_wrapper(partial(_standardized, loss, eps), loss)', 'return partial(_standardized, loss, eps)'),
    ('weighted: signature lost', 'return update_wrapper(partial(_weighted, loss, weight_fn), loss)', 'return partial(_weighted, loss, weight_fn)'),
    ('weighted: arguments lost', 'return loss(pred, teacher_pred, target, *args, sample_weight=w, **kwargs)', 'return loss(pred, teacher_pred, target, sample_weight=w)'),
    # Defaults
    ('soft_target: T', 'T:float=4., # Temperature; above 1', 'T:float=2., # Temperature; above 1'),
    ('jsd: beta', 'beta:float=.5,', 'beta:float=.1,'),
    ('dkd: alpha', 'alpha:float=1.,', 'alpha:float=.5,'),
    ('dkd: beta', 'beta:float=8.,', 'beta:float=1.,'),
    ('nkd: T', 'T:float=1., # Temperature of the second', 'T:float=4., # Temperature of the second'),
    ('nkd: gamma', 'gamma:float=1.5,', 'gamma:float=1.,'),
    ('dist: T', 'T:float=1., # Temperature of the prob', 'T:float=4., # Temperature of the prob'),
    ('dist: beta', 'beta:float=1.,', 'beta:float=2.,'),
    ('dist: gamma', 'gamma:float=1.,', 'gamma:float=2.,'),
    ('dist: eps', 'eps:float=1e-8', 'eps:float=1e-4'),
    ('sigmoid_kd: T', 'T:float=2.,', 'T:float=4.,'),
    ('regression_kd: margin', 'margin:float=0.', 'margin:float=.1'),
    ('standardize_logits: eps', 'eps:float=1e-7', 'eps:float=1e-5'),
]]
mutations = losses   # + those of another file, written the same way

def mutant(to, file, name, old, new):
    "A copy of the package in `to` with `old` replaced"
    shutil.copytree(root/'kd_fastai', to/'kd_fastai', ignore=shutil.ignore_patterns('__pycache__'))
    path = to/'kd_fastai'/file
    text = path.read_text(encoding='utf-8')
    if text.count(old) != 1: sys.exit(f'{file}, {name}: what is to be replaced stands there {text.count(old)} times, not once: {old}')
    path.write_text(text.replace(old, new), encoding='utf-8')

def run_page(package):
    "Run the page's code with the package in `package`; exits with the number of the first cell that fails, 0 if none does"
    with open(os.devnull, 'w') as null: os.dup2(null.fileno(), 1), os.dup2(null.fileno(), 2)
    signal.alarm(limit)
    sys.path.insert(0, str(package))
    os.chdir(page.parent)
    sys.modules['__main__'] = main = types.ModuleType('__main__')
    for i,src in enumerate(cells, 1):
        try:
            exec(compile(src, f'cell {i}', 'exec'), vars(main))
            if i==1:
                import kd_fastai.losses
                if package not in Path(kd_fastai.losses.__file__).parents: os._exit(255)
        except BaseException: os._exit(i)
    os._exit(0)

def survives(*mutation):
    "The number of the code cell that notices `mutation`, or None"
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp).resolve()
        mutant(tmp, *mutation)
        pid = os.fork()
        if not pid: run_page(tmp)
        status = os.waitpid(pid, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status)==255: sys.exit('The page did not import the copy of the package')
    return status==0, os.WEXITSTATUS(status) if os.WIFEXITED(status) else 'timeout'

nb = json.loads(page.read_text(encoding='utf-8'))
cells = [''.join(o['source']) for o in nb['cells'] if o['cell_type']=='code']
chosen = [o for o in mutations if not sys.argv[1:] or any(w in f'{o[0]} {o[1]}' for w in sys.argv[1:])]

import torch, fastai.vision.all, fastai.text.all, hypothesis.extra.numpy, scipy.stats   # once, for all that is forked
start,survivors = time.time(),[]
if not survives('losses.py', 'nothing', 'import torch, torch.nn.functional as F', 'import torch, torch.nn.functional as F')[0]:
    sys.exit('The page fails without any mutation: run it first')
for mutation in chosen:
    alive,cell = survives(*mutation)
    if alive: survivors.append(mutation[1])
    print(f'{"SURVIVES" if alive else f"cell {cell}":>10}  {mutation[0]}  {mutation[1]}', flush=True)

if survivors: print('\nSurvivors:\n  ' + '\n  '.join(survivors))
print(f'\n{len(chosen)} mutations, {len(survivors)} survivors ({time.time()-start:.0f} s)')
sys.exit(bool(survivors))
