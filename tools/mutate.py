"""Put one mistake at a time into a copy of the package and run the conformance pages against it: a mistake that its page does not notice survives.
Ends with `N mutations, M survivors`. With words as arguments, only the mutations of the page with that name (`conformance` for losses between answers,
`conformance_layers` for losses between layers, `conformance_adaptive` for what is given to each item, and the pages of what moves, is updated, or attacked), or with one of the words in file or name."""
import json, os, re, shutil, signal, sys, tempfile, time, types
from pathlib import Path

os.environ['OMP_NUM_THREADS'] = '1'
root = Path(__file__).parent.parent
pages = {'conformance': ['losses.py', 'weights.py'], 'conformance_layers': ['features/losses.py', 'features/learnt.py', 'features/simkd.py'],
         'conformance_adaptive': ['callback/by_item.py', 'callback/labels.py', 'callback/core.py', 'callback/weighting.py', 'task.py'],
         'contract_moving': ['teacher/moving.py', 'teacher/online.py', 'callback/together.py', 'checkpoint.py'],
         '24_targets.update': ['targets/update.py'], '24_targets.drift': ['targets/drift.py'],
         '34_callback.robust': ['attack.py', 'callback/robust.py'], '51_robust': ['robust.py']}
page_of = {file: page for page,files in pages.items() for file in files}
def file_of(page):
    "The notebook of a page"
    return next(root.glob(f'nbs/**/{page}.ipynb'))

limit = 300   # Seconds; a mutation that hangs the page is noticed

# By file: a name, what stands there (exactly once), what it becomes
mutations = {
'losses.py': [
    ('half precision stays half', 'half = torch.float16,torch.bfloat16', 'half = ()'),
    ('bfloat16 stays bfloat16', 'half = torch.float16,torch.bfloat16', 'half = torch.float16,'),
    ('double precision becomes single', 'z.float() if z.dtype in half else z for', 'z.float() for'),
    ('shapes may broadcast', 'if zs[0].shape != zs[1].shape: raise', 'if False: raise'),
    ('types of tensors kept', 'else x.as_subclass(Tensor)', 'else x'),
    ('log_softmax over the batch', 'F.log_softmax(z/T, dim=-1)', 'F.log_softmax(z/T, dim=0)'),
    ('KL averaged over classes', 'log_target=True).sum(-1)', 'log_target=True).mean(-1)'),
    ('sum instead of mean', 'return l.mean() if w is None', 'return l.sum() if w is None'),
    ('weighted sum not divided', 'return w / total.where(total > 0, 1)', 'return w / w.numel()'),
    ('no weight divides by 0', 'total.where(total > 0, 1)', 'total'),
    ('shape of weights not checked', 'if w.shape != like.shape[:w.ndim]: raise', 'if False: raise'),
    ('soft_target: T² dropped', '    l = _kl(*_log_probs(pred, teacher_pred, T))\n    return _mean(l, sample_weight) * T**2', '    l = _kl(*_log_probs(pred, teacher_pred, T))\n    return _mean(l, sample_weight)'),
    ('soft_target: T instead of T²', '    l = _kl(*_log_probs(pred, teacher_pred, T))\n    return _mean(l, sample_weight) * T**2', '    l = _kl(*_log_probs(pred, teacher_pred, T))\n    return _mean(l, sample_weight) * T'),
    ('soft_target: KL the other way', 'l = _kl(*_log_probs(pred, teacher_pred, T))', 'l = _kl(*_log_probs(teacher_pred, pred, T))'),
    ('soft_target: weights ignored', '    l = _kl(*_log_probs(pred, teacher_pred, T))\n    return _mean(l, sample_weight)', '    l = _kl(*_log_probs(pred, teacher_pred, T))\n    return _mean(l)'),
    ('soft_cross_entropy: sign', 'return _mean(-(t.exp() * s)', 'return _mean((t.exp() * s)'),
    ('soft_cross_entropy: of the student under itself', '-(t.exp() * s).sum(-1)', '-(s.exp() * s).sum(-1)'),
    ('soft_cross_entropy: T² dropped', '-(t.exp() * s).sum(-1), sample_weight) * T**2', '-(t.exp() * s).sum(-1), sample_weight)'),
    ('soft_cross_entropy: mean over classes', '-(t.exp() * s).sum(-1)', '-(t.exp() * s).mean(-1)'),
    ('logit_mse: absolute differences', 'F.mse_loss(*_pair', 'F.l1_loss(*_pair'),
    ('logit_mse: weights ignored', "reduction='none')\n    return _mean(l, sample_weight)", "reduction='none')\n    return _mean(l)"),
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
    ('dkd, nkd: boolean labels', ' or target.dtype==torch.bool\n', '\n'),
    ('dkd, nkd: labels of another shape', '        or target.shape != pred.shape[:-1]): raise', '        ): raise'),
    ('dkd, nkd: no warning with two classes', 'if pred.shape[-1] < 3: warnings.warn', 'if False: warnings.warn'),
    ('dkd, nkd: true class among the others', 'others = z.gather(-1, i + (i >= y[...,None]))', 'others = z'),
    ('dkd, nkd: the class after the true one left out', 'i + (i >= y[...,None])', 'i + (i > y[...,None])'),
    ('dkd, nkd: odds against all classes', '[...,0] - others.logsumexp(-1), others', '[...,0] - z.logsumexp(-1), others'),
    ('dkd, sigmoid_kd: KL the other way', 'return (t.sigmoid()*(F.logsigmoid(t) - F.logsigmoid(s))\n', 'return (s.sigmoid()*(F.logsigmoid(s) - F.logsigmoid(t))\n'),
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
    ('dist: logits instead of probabilities', 'probs = (F.softmax(z/T, -1) for', 'probs = (z/T for'),
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
    ('dist: weights ignored in rows', 'rows = _mean(rows, sample_weight)', 'rows = _mean(rows)'),
    ('dist: weights ignored in columns', '    if sample_weight is not None:\n        w_items', '    if False:\n        w_items'),
    ('dist: columns feel the scale of the weights', '_shares(sample_weight, rows).reshape(-1)*len(s)', '_expand(sample_weight, rows).reshape(-1).to(s.dtype)'),
    ('dist: one row', 'if n < 2: raise', 'if False: raise'),
    ('dist: one row, even where only rows are asked for', 'if gamma: _check_columns', '_check_columns'),
    ('sigmoid_kd: T² dropped', 'return _mean(_binary_kl(s, t), sample_weight) * T**2', 'return _mean(_binary_kl(s, t), sample_weight)'),
    ('sigmoid_kd: sum over the labels', 'return _mean(_binary_kl(s, t), sample_weight)', 'return _mean(_binary_kl(s, t).sum(-1), sample_weight)'),
    ('sigmoid_kd: weights ignored', 'return _mean(_binary_kl(s, t), sample_weight)', 'return _mean(_binary_kl(s, t))'),
    ('regression_kd: imitation alone', 'return _mean(imitation + err*(err + margin > bound), sample_weight)', 'return _mean(imitation, sample_weight)'),
    ('regression_kd: bounded on the wrong side', 'err + margin > bound', 'err + margin < bound'),
    ('regression_kd: sign of the margin', 'err + margin > bound', 'err - margin > bound'),
    ('regression_kd: pays the distance to the bound', 'imitation + err*(err + margin > bound)', 'imitation + (err-bound)*(err + margin > bound)'),
    ('regression_kd: student and teacher swapped', '    err = (s-y)**2\n    bound = (t-y)**2', '    bound = (s-y)**2\n    err = (t-y)**2'),
    ('regression_kd: number of values not checked', 'if target.numel() != s.numel(): raise', 'if False: raise'),
    ('regression_kd: weights ignored', '(err + margin > bound), sample_weight)', '(err + margin > bound))'),
    ('standardize_logits: biased deviation', '/(z.shape[-1]-1)**.5)', '/z.shape[-1]**.5)'),
    ('standardize_logits: variance', 'c.norm(dim=-1, keepdim=True)/(z.shape[-1]-1)**.5', 'c.norm(dim=-1, keepdim=True)**2/(z.shape[-1]-1)'),
    ('standardize_logits: teacher alone', 's,t = (_standardize(z, eps) for z in _pair(pred, teacher_pred))', 's,t = pred,_standardize(_pair(pred, teacher_pred)[1], eps)'),
    ('standardize_logits: eps dropped', 'return c / (eps + c.norm', 'return c / (c.norm'),
    ('standardize_logits: eps in the wrong place', 'return c / (eps + c.norm(dim=-1, keepdim=True)/(z.shape[-1]-1)**.5)', 'return c / (c.norm(dim=-1, keepdim=True)/(z.shape[-1]-1)**.5) + eps'),
    ('standardize_logits: target lost', '    return loss(s, t, *args, **kwargs)', '    return loss(s, t, **kwargs)'),
    ('standardize_logits: one class', 'if z.shape[-1] < 2: raise', 'if False: raise'),
    ('standardize_logits: signature lost', 'return update_wrapper(partial(_standardized, loss, eps), loss)', 'return partial(_standardized, loss, eps)'),
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
    ('regression_kd: what was not measured is 0', 'y = y.where(~y.isnan(), s.detach())', 'y = y.nan_to_num()'),
    ('regression_kd: what was not measured is NaN', 'y = y.where(~y.isnan(), s.detach())', 'y = y'),
],
'weights.py': [
    ('weighted: gradient through the weights', 'with torch.no_grad(), per_item(False):', 'with per_item(False):'),
    ('weighted: student and teacher swapped', 'w = weight_fn(pred, teacher_pred, target, **own)', 'w = weight_fn(teacher_pred, pred, target, **own)'),
    ('weighted: signature lost', 'f = update_wrapper(partial(_weighted, loss, weight_fn, take_pos), loss)', 'f = partial(_weighted, loss, weight_fn, take_pos)'),
    ('weighted: arguments lost', 'return loss(pred, teacher_pred, target, *args, sample_weight=w, **kwargs,', 'return loss(pred, teacher_pred, target, sample_weight=w,'),
],
'callback/by_item.py': [
    ('no label: as its alpha says', 'used = 1 - (1-a)*labelled', 'used = a'),
    ('no label: left out', 'used = 1 - (1-a)*labelled', 'used = a*labelled'),
    ('alpha on the wrong part', 'return (used*teacher + (1-a)*task).mean(),used', 'return ((1-a)*teacher + used*task).mean(),used'),
    ('sum over the items', '(used*teacher + (1-a)*task).mean()', '(used*teacher + (1-a)*task).sum()'),
    ('mean over the weights', '(used*teacher + (1-a)*task).mean(),used', '(used*teacher).sum()/used.sum() + ((1-a)*task).sum()/(1-a).sum(),used'),
    ('own losses: not times the number', 'else l + n*grad', 'else l + grad'),
    ('own losses: without their mean', 'else l + n*grad', 'else n*grad'),
    ('own losses: no gradient', 'create_graph=True, allow_unused=True', 'retain_graph=True, allow_unused=True'),
    ('values of other items pass', 'if any(g is not None and (g[1::2] != 0).any() for g in grads): raise', 'if False: raise'),
],
'callback/labels.py': [
    ('MixUp: shares swapped', 'return (torch.lerp(other, l, mix.lam),', 'return (torch.lerp(l, other, mix.lam),'),
    ('MixUp: the first label alone', 'return (torch.lerp(other, l, mix.lam),', 'return (l,'),
    ('MixUp: share of the labels swapped', 'torch.lerp(other_has.to(l), has.to(l), mix.lam))', 'torch.lerp(has.to(l), other_has.to(l), mix.lam))'),
],
'callback/core.py': [
    ('alpha with a gradient', 'a = self.alpha.of_items(self.pct_train, pred, soft,', 'a = self.alpha.fn(self.pct_train, pred, soft,'),
    ('alpha: student and teacher swapped', 'of_items(self.pct_train, pred, soft,', 'of_items(self.pct_train, soft, pred,'),
    ('mean of the alphas that were asked for', 'self.alpha_now = used.mean()', 'self.alpha_now = a.mean()'),
    ('spread: unbiased', 'used.std(correction=0)', 'used.std()'),
    ('penalties: lost', 'loss + (1-self.alpha_now)*added', 'loss'),
    ('penalties: whole', 'loss + (1-self.alpha_now)*added', 'loss + added'),
    ('losses that mix items pass', 'check_split(each, self.pred, self.loss_fn)', 'pass'),
    ("tasks that mix items pass", 'check_split(own, self.pred, self.task_loss_func)', 'pass'),
    ('weights: no position', "kwargs['pos'] = self.pct_train", "kwargs['pos'] = 1."),
],
'callback/weighting.py': [
    ('right_teacher: high and low swapped', 'return low + (self.high(pos)-low)*share', 'return self.high(pos) + (low-self.high(pos))*share'),
    ('right_teacher: positions without a label', '_of_items((right & known).float())/_of_items(known.float())', '_of_items(right.float())'),
    ('right_teacher: nothing without a label', 'share.nan_to_num(1.)', 'share.nan_to_num(0.)'),
    ('sure_teacher: the least sure', 'p = z.softmax(-1).amax(-1)', 'p = z.softmax(-1).amin(-1)'),
    ('unsure_student: not normalised', '_of_items(_entropy(z)/math.log(z.shape[-1]))', '_of_items(_entropy(z))'),
    ('entropy: sign', 'return -(logp.exp()*logp).sum(-1)', 'return (logp.exp()*logp).sum(-1)'),
    ('EA-KD: half dropped', '/math.log(pred.shape[-1]))/2', '/math.log(pred.shape[-1]))'),
    ('EA-KD: of the teacher alone', 'w = (teacher + teacher*student/math.log(pred.shape[-1]))/2', 'w = teacher'),
    ('EA-KD: not normalised', 'teacher*student/math.log(pred.shape[-1])', 'teacher*student'),
    ('EA-KD: divided by the sum', 'return l * (v*w).mean()/v.mean().clamp(min=1e-12)', 'return l'),
    ('EA-KD: gradient through the weights', '    with torch.no_grad():\n        student,teacher', '    if True:\n        student,teacher'),
    ('EA-KD: temperature', 'T:float=4. # Temperature at which the entropies', 'T:float=1. # Temperature at which the entropies'),
    ('trusted: from the start', 'if pos < start: return w', 'if False: return w'),
    ('trusted: at the position itself not yet', 'if pos < start: return w', 'if pos <= start: return w'),
    ('trusted: share of all items', 'n = round(share*unknown.sum().item())', 'n = round(share*len(unknown))'),
    ('trusted: those with a label', 'd.masked_fill(~unknown, -np.inf)', 'd.masked_fill(unknown, -np.inf)'),
    ('trusted: the nearest', '-np.inf).topk(n).indices', '-np.inf).topk(n, largest=False).indices'),
],
'task.py': [
    ('class weights: not divided', 'if divide: l = l/_mean_class_weight', 'if False: l = l/_mean_class_weight'),
    ('class weights: items without a label count', 'return each.sum()/has.any(1).sum().clamp(min=1)', 'return each.mean()'),
    ('class weights: of focal loss too', "if w is None or name not in ('CrossEntropyLoss','cross_entropy') or _is_float(y)", 'if w is None or _is_float(y)'),
    ('positions: all of them', 'l = l.where(values, 0).sum(1)/values.sum(1).clamp(min=1)', 'l = l.where(values, 0).mean(1)'),
    ('positions: sum', '.sum(1)/values.sum(1).clamp(min=1)', '.sum(1)'),
    ('positions: what has no label counts', 'l.where(values, 0).sum(1)/values', 'l.sum(1)/values'),
    ('numbers: not measured is NaN', 'yb = [o.nan_to_num() if _is_float(o) else o for o in yb]', 'yb = list(yb)'),
    ('ranking: users without items', "return (y > 0).any(-1) if answer_kind(loss_func)=='ranking' else", 'return'),
    ('pixels: order of the values', 'has = has.transpose(loss_func.axis, -1)', 'pass'),
],
'features/losses.py': [
    ('half precision stays half', 'return x.float() if x.dtype in (torch.float16,torch.bfloat16) else x', 'return x'),
    ('double precision becomes single', 'return x.float() if x.dtype in (torch.float16,torch.bfloat16) else x', 'return x.float()'),
    ('autocast stays on', 'with torch.autocast(s.device.type, enabled=False):\n            return f(', 'with torch.autocast(s.device.type):\n            return f('),
    ('a graph that breaks', 'x = x if type(x) is Tensor else x.as_subclass(Tensor)', 'x = x.as_subclass(Tensor)'),
    ('lists are taken', 'if any(is_listy(f) for f in fs): raise', 'if False: raise'),
    ('align: class token kept, last one lost', 'f[...,n-side**2:].unflatten', 'f[...,:side**2].unflatten'),
    ('align: the larger size', 'size = tuple(map(min, s.shape[-2:]', 'size = tuple(map(max, s.shape[-2:]'),
    ('align: maximum of a window', 'else F.adaptive_avg_pool2d(f, size)', 'else F.adaptive_max_pool2d(f, size)'),
    ('align: tokens for channels', 'f = f.transpose(1, 2)\n    if not square', 'if not square'),
    ('unit vectors: no eps', 'return F.normalize(x, dim=dim, eps=1e-6)', 'return x/x.norm(dim=dim, keepdim=True)'),
    ('unit vectors: eps', 'dim=dim, eps=1e-6)', 'dim=dim, eps=1e-2)'),
    ('unit vectors: norm of absolute values', 'F.normalize(x, dim=dim, eps=1e-6)', 'F.normalize(x, p=1, dim=dim, eps=1e-6)'),
    ('shapes may broadcast', 'if s.shape != t.shape: raise ValueError(\n', 'if False: raise ValueError(\n'),
    ('one place', 'if s[0,0].numel() < 2: raise', 'if False: raise'),
    ('fitnet: sum', '    _test_same_shape(s, t)\n    return F.mse_loss(s, t)\n', "    _test_same_shape(s, t)\n    return F.mse_loss(s, t, reduction='sum')\n"),
    ('fitnet: half', '    _test_same_shape(s, t)\n    return F.mse_loss(s, t)\n', '    _test_same_shape(s, t)\n    return F.mse_loss(s, t)/2\n'),
    ('fitnet: absolute differences', '    _test_same_shape(s, t)\n    return F.mse_loss(s, t)\n', '    _test_same_shape(s, t)\n    return F.l1_loss(s, t)\n'),
    ('attention: not normalised', 'F.normalize(f.abs().pow(p).mean(1), dim=1)', 'f.abs().pow(p).mean(1)'),
    ('attention: normalised over the batch', 'f.abs().pow(p).mean(1), dim=1)', 'f.abs().pow(p).mean(1), dim=0)'),
    ('attention: absolute value of the mean', 'f.abs().pow(p).mean(1)', 'f.mean(1).abs().pow(p)'),
    ('attention: power of 2 whatever p', 'f.abs().pow(p)', 'f.abs().pow(2)'),
    ('attention: sum over places', 'return F.mse_loss(qs, qt)', 'return (qs-qt).square().sum(1).mean()'),
    ('attention: not squared', 'return F.mse_loss(qs, qt)', 'return F.l1_loss(qs, qt)'),
    ('attention: p not checked', 'if p < 1: raise', 'if False: raise'),
    ('attention: p', 'p:float=2. #', 'p:float=1. #'),
    ('nst: linear kernel', '(a @ b.transpose(1, 2)).square().mean()', '(a @ b.transpose(1, 2)).mean()'),
    ('nst: cubic kernel', '(a @ b.transpose(1, 2)).square().mean()', '(a @ b.transpose(1, 2)).pow(3).mean()'),
    ('nst: channels not normalised', "(unit_vectors(f) for f in _places(s, t, 'nst'))", "_places(s, t, 'nst')"),
    ('nst: places normalised', "(unit_vectors(f) for f in _places(s, t, 'nst'))", "(unit_vectors(f, 1) for f in _places(s, t, 'nst'))"),
    ('nst: cross term once', 'k(s,s) + k(t,t) - 2*k(s,t)', 'k(s,s) + k(t,t) - k(s,t)'),
    ('nst: within the student dropped', 'k(s,s) + k(t,t) - 2*k(s,t)', 'k(t,t) - 2*k(s,t)'),
    ('nst: across items', 'k = lambda a,b: (a @ b.transpose(1, 2))', 'k = lambda a,b: (a.flatten(0,1) @ b.flatten(0,1).T)'),
    ('similarity: rows not normalised', 'gs,gt = (F.normalize(f @ f.T) for', 'gs,gt = (f @ f.T for'),
    ('similarity: the whole matrix normalised', 'gs,gt = (F.normalize(f @ f.T) for', 'gs,gt = (F.normalize(f @ f.T, dim=(0,1)) for'),
    ('similarity: eps above small features', 'F.normalize(f @ f.T)', 'F.normalize(f @ f.T, eps=1e-6)'),
    ('similarity: cosines', 'F.normalize(f @ f.T) for f in', 'F.normalize(_unit(f) @ _unit(f).T) for f in'),
    ('similarity: divided by B', '    return F.mse_loss(gs, gt)\n\nsimilarity.', '    return F.mse_loss(gs, gt)*len(s)\n\nsimilarity.'),
    ('similarity: student twice', '(F.normalize(f @ f.T) for f in (s.flatten(1),t.flatten(1)))', '(F.normalize(f @ f.T) for f in (s.flatten(1),s.flatten(1)))'),
    ('similarity: one item', '    if len(s) < 2: return s.sum()*0\n    gs,gt', '    if len(s) < 2: return s.sum()\n    gs,gt'),
    ('pkt: KL the other way', '(pt * ((pt-ps)/(ps+1e-7)).log1p() - (pt-ps))', '(ps * ((ps-pt)/(pt+1e-7)).log1p() - (ps-pt))'),
    ('pkt: sign', '((pt-ps)/(ps+1e-7)).log1p()', '((ps-pt)/(pt+1e-7)).log1p()'),
    ('pkt: cosines not moved', '((u @ u.T).add(1)/2).clamp_min(0)', '(u @ u.T).clamp_min(0)'),
    ('pkt: not normalised items', 'us,ut = (unit_vectors(f.flatten(1)) for', 'us,ut = (f.flatten(1) for'),
    ('pkt: divided by the sum of all', 'p/p.sum(1, keepdim=True)', 'p/p.sum()*len(p)'),
    ('pkt: not divided by the sum', 'p/p.sum(1, keepdim=True)', 'p'),
    ('pkt: sum over a row', '- (pt-ps)).mean()', '- (pt-ps)).sum(1).mean()'),
    ('pkt: eps', '(pt-ps)/(ps+1e-7)', '(pt-ps)/(ps+1e-3)'),
    ('pkt: eps of the teacher alone', '(pt-ps)/(ps+1e-7)', '(pt-ps+1e-7)/ps'),
    ('rkd: weights swapped', 'distance:float=25., # Weight of the distances\n', 'distance:float=50., # Weight of the distances\n'),
    ('rkd: weight of the distances on the angles', 'loss = loss + angle*F.smooth_l1_loss', 'loss = loss + distance*F.smooth_l1_loss'),
    ('rkd: squared errors of the distances', 'distance*F.smooth_l1_loss(', 'distance*F.mse_loss('),
    ('rkd: squared errors of the angles', 'angle*F.smooth_l1_loss(', 'angle*F.mse_loss('),
    ('rkd: distances not divided', 'return d / mean.clamp_min(1e-12)', 'return d'),
    ('rkd: mean with the zeros', 'mean = d.sum()/(d > 0).sum().clamp_min(1)', 'mean = d.mean()'),
    ('rkd: squared distances', "compute_mode='donot_use_mm_for_euclid_dist')\n", "compute_mode='donot_use_mm_for_euclid_dist')**2\n"),
    ('rkd: city block', 'torch.cdist(x, x, compute', 'torch.cdist(x, x, p=1, compute'),
    ('rkd: equal items divide by 0', '.clamp_min(1e-12)', ''),
    ('rkd: angles of vectors that are not normalised', 'e = unit_vectors(x[None] - x[:,None])', 'e = x[None] - x[:,None]'),
    ('rkd: angles at the origin', 'e = unit_vectors(x[None] - x[:,None])', 'e = unit_vectors(x[None] + 0*x[:,None])'),
    ('rkd: distances to the teacher alone', 'F.smooth_l1_loss(_distances(s), _distances(t))', 'F.smooth_l1_loss(_distances(t), _distances(t))'),
    ('rkd: angles left out', '    if angle: loss = loss + angle*F.smooth_l1_loss(_angles(s), _angles(t))\n', ''),
    ('fsp: not divided by h·w', 'return a @ b.transpose(1, 2) / a.shape[-1]', 'return a @ b.transpose(1, 2)'),
    ('fsp: divided by the width', '/ a.shape[-1]', '/ a.shape[1]'),
    ('fsp: sum over pairs of channels', '_test_same_shape(gs, gt)\n    return F.mse_loss(gs, gt)', "_test_same_shape(gs, gt)\n    return F.mse_loss(gs, gt, reduction='sum')/len(gs)"),
    ('fsp: the first layer with itself', 'return a @ b.transpose(1, 2) / a', 'return a @ a.transpose(1, 2) / a'),
    ('fsp: number of layers not checked', 'if not all(is_listy(o) and len(o)==2 for o in (s,t)): raise', 'if False: raise'),
    ('hcl: equal weights', 'weights = [.5**i for', 'weights = [1. for'),
    ('hcl: weights of a third', 'weights = [.5**i for', 'weights = [(1/3)**i for'),
    ('hcl: not divided by the weights', ' / sum(weights)\n', '\n'),
    ('hcl: a size of 1 left out', 'for n in (4,2,1) if', 'for n in (4,2) if'),
    ('hcl: sizes up to the full one', 'if n < min(s.shape[-2:])]', 'if n <= min(s.shape[-2:])]'),
    ('hcl: the longer side', 'if n < min(s.shape[-2:])]', 'if n < max(s.shape[-2:])]'),
    ('hcl: maximum of a window', 'F.mse_loss(F.adaptive_avg_pool2d(s, n),\n                                      F.adaptive_avg_pool2d(t, n))', 'F.mse_loss(F.adaptive_max_pool2d(s, n),\n                                      F.adaptive_max_pool2d(t, n))'),
    ('rkd: weight of the angles', 'angle:float=50.', 'angle:float=25.'),
],
'features/learnt.py': [
    ('VID: variance without softplus', 'var = F.softplus(self.raw_var)', 'var = (self.raw_var)'),
    ('VID: exponential', 'var = F.softplus(self.raw_var)', 'var = torch.exp(self.raw_var)'),
    ('VID: smallest variance dropped', '[:,None,None] + self.eps', '[:,None,None]'),
    ('VID: logarithm dropped', '((mean-t)**2/var + var.log()).mean()/2', '((mean-t)**2/var).mean()/2'),
    ('VID: half dropped', '((mean-t)**2/var + var.log()).mean()/2', '((mean-t)**2/var + var.log()).mean()'),
    ('VID: deviation for variance', '((mean-t)**2/var +', '((mean-t)**2/var**2 +'),
    ('VID: not squared', '((mean-t)**2/var', '((mean-t).abs()/var'),
    ('VID: one variance for all', 'torch.full((nf,), start)', 'torch.full((1,), start)'),
    ('VID: variance at the start', 'math.log(math.expm1(self.var-self.eps))', 'math.log(self.var)'),
    ('VID: no ReLU', 'nn.Conv2d(ni, nf, 1), nn.ReLU(),', 'nn.Conv2d(ni, nf, 1), nn.Identity(),'),
    ('CRD: temperature', 'T:float=.07', 'T:float=.1'),
    ('CRD: no temperature for the others', 'v @ bank[neg].T/self.T', 'v @ bank[neg].T'),
    ('CRD: momentum', 'momentum:float=.5', 'momentum:float=.9'),
    ('CRD: momentum not used', 'self.momentum*self.banks[:,items] + (1-self.momentum)*v', 'v'),
    ('CRD: bank not normalised', '= unit_vectors(self.momentum*self.banks[:,items] + (1-self.momentum)*v)', '= self.momentum*self.banks[:,items] + (1-self.momentum)*v'),
    ('CRD: bank moves in validation', 'if self.training: self._remember', 'self._remember'),
    ('CRD: banks swapped', 'vs, self.banks[1], 0', 'vs, self.banks[0], 0'),
    ('CRD: student side alone', '        loss = loss + self._contrast(vt, self.banks[0], 1, items, neg)\n', ''),
    ('CRD: noise dropped', '(o - log_z - log_noise for', '(o - log_z for'),
    ('CRD: noise upside down', 'math.log(self.n_neg/self.n_items)', 'math.log(self.n_items/self.n_neg)'),
    ('CRD: Z of each batch', '= new.where(known==0, known)', '= new'),
    ('CRD: Z without the number of items', 'math.log(scores.numel()/self.n_items)', 'math.log(scores.numel())'),
    ('CRD: own class counts', '.masked_fill(own, 0)', ''),
    ('CRD: others dropped', 'F.logsigmoid(pos).sum() + others)/len(v)', 'F.logsigmoid(pos).sum())/len(v)'),
    ('CRD: mean over the others', '.masked_fill(own, 0).sum()', '.masked_fill(own, 0).mean()'),
    ('CRD: sum over the batch', 'return -(F.logsigmoid(pos).sum() + others)/len(v)', 'return -(F.logsigmoid(pos).sum() + others)'),
    ('CRD: embeddings not normalised', 'vs,vt = (unit_vectors(e(f)) for', 'vs,vt = (e(f) for'),
    ('CRD: items not checked', 'or max(items.tolist()) >= self.n_items: raise', 'or False: raise'),
    ('Review: first level first', 'in reversed(list(enumerate(zip(L(s), L(t))))):', 'in list(enumerate(zip(L(s), L(t)))):'),
    ('Review: gates swapped', 'return x*g[:,:1] + deeper*g[:,1:]', 'return x*g[:,1:] + deeper*g[:,:1]'),
    ('Review: gates as a softmax', '[x,deeper], 1)).sigmoid()', '[x,deeper], 1)).softmax(1)'),
    ('Review: deeper levels left out', 'return x*g[:,:1] + deeper*g[:,1:]', 'return x*g[:,:1]'),
    ('Review: bilinear', 'F.interpolate(deeper, x.shape[-2:])', "F.interpolate(deeper, x.shape[-2:], mode='bilinear')"),
    ('Review: no pyramid', 'loss = loss + hcl(self.widen[i](fused), b)', 'loss = loss + fitnet(self.widen[i](fused), b)'),
    ('Review: the last level alone', 'loss = loss + hcl(self.widen[i](fused), b)', 'loss = hcl(self.widen[i](fused), b)'),
    ('Review: this level as it is', 'fused = a if fused is None else _fuse(a, fused, self.gates[i])', 'fused = a'),
    ('Review: width', 'width = min(self.width, s[-1].shape[1])', 'width = self.width'),
    ('Review: padding of the convolutions', 'nn.Conv2d(ni, nf, ks, padding=ks//2, bias=False), _Batch', "nn.Conv2d(ni, nf, ks, padding=ks//2, padding_mode='replicate', bias=False), _Batch"),
    ('CRD: number of items not checked', 'if len(items) != len(s) or', 'if'),
    ('CRD: teacher side alone', 'loss = self._contrast(vs, self.banks[1], 0, items, neg)\n', 'loss = 0.\n'),
],
'features/simkd.py': [
    ('simkd_student: factor', 'factor:int=2', 'factor:int=4'),
    ('simkd_student: ReLU below zero', '*block(n,nf,1,positive))', '*block(n,nf,1))'),
    ('simkd_student: no middle convolution', '*block(n,n,3),', '*block(n,n,1),'),
    ('simkd_student: not resized', 'if s.shape[2:] != t.shape[2:] else []', 'if False else []'),
],
'teacher/moving.py': [
    ('average: no warm-up', 'keep = min(1 - 1/(self.n_steps+1), self.decay)', 'keep = self.decay'),
    ('average: warm-up one step late', '1 - 1/(self.n_steps+1)', '1 - 1/(self.n_steps+2)'),
    ('average: shares swapped', 'a.lerp_(p, 1-keep)', 'a.lerp_(p, keep)'),
    ('average: not resumed', "self.average.load_state_dict(self.saved['model'])", 'pass'),
    ('average: steps not resumed', "self.n_steps = self.saved['n_steps']", 'pass'),
    ('average: a search stays', "if hasattr(learn, 'lr_finder'): self.before_search", 'if False: self.before_search'),
],
'teacher/online.py': [
    ('online: steps on infinite gradients', 'if not grads or _too_large(grads, learn): return', 'if not grads: return'),
    ('online: gradients of a step stay', '    self._forget_gradients()\n    if not grads', '    if not grads'),
    ('online: start of its schedule', 'self.lr(learn.pct_train)', 'self.lr(0.)'),
    ('online: evaluation mode', 'try: yield model.train()', 'try: yield model.eval()'),
    ('online: modes stay', 'for m,mode in modes: m.training = mode', 'pass'),
    ('online: gradients stay', 'for p in self.params: p.grad = None', 'pass'),
    ('online: a search teaches it', 'self.learns = not searching', 'self.learns = True'),
    ('online: optimizer not resumed', 'if self.saved: self.opt.load_state_dict(self.saved)', 'pass'),
],
'callback/together.py': [
    ('together: peers in exports', 'def __reduce__(self): return getattr,(self.learn,self.name)', 'def __reduce__(self): return partial,(self.f,)'),
    ('together: a method stays', 'finally: del learn._do_fit', 'finally: pass'),
],
'checkpoint.py': [
    ('peers not resumed', "for o,sd in zip(self.others, s['others']): _restore_other(o, sd)", 'pass'),
    ('a follower resumes alone', 'if learn is not first_one: raise', 'if False: raise'),
],
'targets/update.py': [
    ('changed files kept', 'return (rows >= 0) & (self.contents[rows] != self.sums)', 'return np.zeros(len(rows), dtype=bool)'),
    ('another teacher', 'if here != stored: raise', 'if False: raise'),
    ('old records lost', 'if n_old > 0: rec[:n_old] = self.targets._shard(i)[:n_old]', 'pass'),
    ('header first', "write_header(self.path/'update.json', self.header)", "write_header(self.path/'header.json', self.header)")],
'targets/drift.py': [
    ('not halved', '.abs().sum(axis)/2', '.abs().sum(axis)'),
    ('never stale', 'self.stale = self._staleness(change, limit) if change > limit else', "self.stale = '' if change > limit else")],
'attack.py': [
    ('eps not divided by std', "self.low = torch.maximum(x - eps*self.unit, lowest)", "self.low = torch.maximum(x - eps, lowest)"),
    ('upper bound of the range dropped', "self.high = torch.minimum(x + eps*self.unit, highest)", "self.high = x + eps*self.unit"),
    ('range not normalised', "lowest = torch.minimum(x, -mean/std)", "lowest = torch.minimum(x, -mean*0)"),
    ('downhill', "return self.clip(x.detach() + step*self.unit*up)", "return self.clip(x.detach() - step*self.unit*up)"),
    ('gradient instead of its sign', "up = grad.nan_to_num().sign()", "up = grad.nan_to_num()"),
    ('step not normalised', "step*self.unit*up", "step*up"),
    ('step is eps', "pgd.step = _share('eps', pgd.eps)/4 if", "pgd.step = _share('eps', pgd.eps) if"),
    ('noise not normalised', "self.clip(self.x + self.unit*noise(self.x, self.eps))", "self.clip(self.x + noise(self.x, self.eps))"),
    ('uniform noise of one sign', "eps*(2*torch.rand_like(x) - 1)", "eps*torch.rand_like(x)"),
    ('ten times the normal noise', ".001*torch.randn_like(x)", ".01*torch.randn_like(x)"),
    ('eps of 8 allowed', "if v < 1: return v", "if v < 100: return v"),
    ('float16 stays', "enabled=on and dtype != torch.float16", "enabled=on")],
'callback/robust.py': [
    ('student attacked in training mode', "with frozen(get_model(self.model)):\n        self.learn.xb", "with nullcontext():\n        self.learn.xb"),
    ('eps 0 still attacks', "if not self.pgd.eps: return", "pass"),
    ('teacher sees the attacked picture too late', "if self.attack=='adaptive': self._show_teacher()", "pass"),
    ('no gradient through the teacher', "with frozen(teacher.model), torch.enable_grad():", "with frozen(teacher.model):"),
    ('shares swapped', "(1-self.natural)*self.learn.loss_grad + self.natural*own", "self.natural*self.learn.loss_grad + (1-self.natural)*own"),
    ('natural task dropped', "return a*self._response_loss(pred) + (1-a)*task if a else task", "return a*self._response_loss(pred) if a else task"),
    ('attack at the T of the fit', "for o in (pred,soft)), T=1.)", "for o in (pred,soft)), T=self.T_now)"),
    ('T of the clean part is 1', "T=self.T_now)", "T=1.)"),
    ('ARD at T 1', "'ARD': ('label',30.)", "'ARD': ('label',1.)"),
    ('RSLAD: half clean', "('normal', 1/6)", "('normal', 1/2)"),
    ('no warning about the teacher', "if attacked < clean/4: warn", "if False: warn")],
'robust.py': [
    ('clean mistakes count as right', "right = predict(*xb).argmax(1)==y\n", "right = torch.ones_like(y).bool()\n"),
    ('only the last restart counts', "at = right.nonzero().squeeze(1)", "at = torch.arange(len(y))")],
}

def mutant(to, file, name, old, new):
    "A copy of the package in `to` with `old` replaced"
    shutil.copytree(as_it_was/'kd_fastai', to/'kd_fastai')
    path = to/'kd_fastai'/file
    text = path.read_text(encoding='utf-8')
    if text.count(old) != 1: sys.exit(f'{file}, {name}: what is to be replaced stands there {text.count(old)} times, not once: {old}')
    path.write_text(text.replace(old, new), encoding='utf-8')

def code_cells(page):
    "Number and source of each code cell, without the slow ones"
    cells = json.loads(file_of(page).read_text(encoding='utf-8'))['cells']
    srcs = [''.join(o['source']) for o in cells if o['cell_type']=='code']
    if module := re.search(r'^#\| default_exp (\S+)', '\n'.join(srcs), re.M):   # the page's own definitions would hide those of the copy
        names = f"vars(importlib.import_module('kd_fastai.{module[1]}'))"
        take = f"import importlib\nglobals().update({{k:v for k,v in {names}.items() if k[:2] != '__'}})"
        srcs = [take if re.match(r'#\| exports?\b', src) else src for src in srcs]
    return [(i,src) for i,src in enumerate(srcs, 1) if '#| slow' not in src]

def run_page(package, page):
    "Run the code of `page` with the package in `package`; exits with the number of the first cell that fails, 0 if none does"
    with open(os.devnull, 'w') as null: os.dup2(null.fileno(), 1), os.dup2(null.fileno(), 2)
    signal.alarm(limit)
    sys.path.insert(0, str(package))
    os.chdir(file_of(page).parent)
    sys.modules['__main__'] = main = types.ModuleType('__main__')
    for i,src in cells[page]:
        try:
            exec(compile(src, f'cell {i}', 'exec'), vars(main))
            if 'kd_fastai' in sys.modules and package not in Path(sys.modules['kd_fastai'].__file__).parents: os._exit(255)
        except BaseException: os._exit(i)
    os._exit(0)

def survives(file, *mutation):
    "Does the page of `file` not notice `mutation`? And the number of the cell that does"
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp).resolve()
        mutant(tmp, file, *mutation)
        pid = os.fork()
        if not pid: run_page(tmp, page_of[file])
        status = os.waitpid(pid, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status)==255: sys.exit('The page did not import the copy of the package')
    return status==0, os.WEXITSTATUS(status) if os.WIFEXITED(status) else 'timeout'

def wanted(file, name):
    words = sys.argv[1:]
    return not words or page_of[file] in words or any(w in f'{file} {name}' for w in words if w not in pages)

cells = {page: code_cells(page) for page in pages}
chosen = [(file,*o) for file,os_ in mutations.items() for o in os_ if wanted(file, o[0])]

# Once, for all that is forked
import torch, torch._dynamo, torch._inductor.config, fastai.vision.all, fastai.text.all, fastai.tabular.all, hypothesis.extra.numpy, scipy.stats
start,survivors = time.time(),[]
now = tempfile.TemporaryDirectory()   # the package may be exported anew meanwhile
as_it_was = Path(now.name)
shutil.copytree(root/'kd_fastai', as_it_was/'kd_fastai', ignore=shutil.ignore_patterns('__pycache__'))
for page in dict.fromkeys(page_of[o[0]] for o in chosen):
    alive,cell = survives(pages[page][0], 'nothing', '__all__ =', '__all__ =')
    if not alive: sys.exit(f'{page} fails in cell {cell} without any mutation: run it first')
for mutation in chosen:
    alive,cell = survives(*mutation)
    if alive: survivors.append(mutation)
    print(f'{"SURVIVES" if alive else f"cell {cell}":>10}  {mutation[0]}  {mutation[1]}', flush=True)

if survivors: print('\nSurvivors:\n  ' + '\n  '.join(f'{o[0]}  {o[1]}' for o in survivors))
print(f'\n{len(chosen)} mutations, {len(survivors)} survivors ({time.time()-start:.0f} s)')
sys.exit(bool(survivors))
