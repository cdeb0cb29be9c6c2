"""Models without gradients, to be beaten: they score from the history alone, so unknown users work too."""

from tfrec_zoo.models.baselines.content_knn import ContentKNN
from tfrec_zoo.models.baselines.ease import EASE
from tfrec_zoo.models.baselines.item_knn import ItemKNN
from tfrec_zoo.models.baselines.popularity import Popularity
from tfrec_zoo.models.baselines.recent_popularity import RecentPopularity

__all__ = ["EASE", "ContentKNN", "ItemKNN", "Popularity", "RecentPopularity"]
