"Everything public: `from kd_fastai.all import *`"
import warnings
warnings.filterwarnings('ignore', '`torch.jit.script`', FutureWarning)   # of fastai.layers, which scripts Mish on import
_of_mish = warnings.filters[0]
import fastai.layers
warnings.filters.remove(_of_mish)

from .losses import *
from .numbers import *
from .ranking import *
from .task import *
from .hooks import *
from .teacher.base import *
from .teacher.checks import *
from .teacher.fast import *
from .teacher.frozen import *
from .teacher.items import *
from .teacher.ensemble import *
from .teacher.boosted import *
from .targets.format import *
from .targets.replay import *
from .targets.store import *
from .targets.ask import *
from .targets.build import *
from .targets.verify import *
from .callback.term import *
from .callback.labels import *
from .callback.checks import *
from .callback.core import *
from .callback.chain import *
from .callback.precision import *
from .features.losses import *
from .features.learnt import *
from .features.pair import *
from .features.simkd import *
from .experiment import *
from .score import *
from .checkpoint import *
from .threads import *
from .space import *
from .search import *
from .search_results import *
from .report.measures import *
from .report.answers import *
from .report.core import *
from .report.plot import *
from .report.page import *
from .tracking import *
from .data.core import *
from .data.packages import *
from .data.text import *
from .data.columns import *
from .data.grid import *
from .data.interactions import *
from .data.baskets import *
from .data.series import *
from .data.counts import *
from .data.forecasts import *
from .data.sets import *
from .data.tables import *
from .models.images import *
from .models.graph import *
from .models.text import *
from .models.transformers import *
from .models.recommend import *
from .models.series import *
from .models.tables import *
from .transfer.features import *
from .transfer.share import *
from .transfer.head import *
from .export.plain import *
from .export.reading import *
from .export.core import *
from .export.cards import *
from .export.readme import *
from .export.formats import *
from .export.predict import *
