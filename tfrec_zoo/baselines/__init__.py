"""Models without gradients, to be beaten: they score from the history alone, so unknown users work too."""

from tfrec_zoo.baselines.content_knn import ContentKNN
from tfrec_zoo.baselines.ease import EASE
from tfrec_zoo.baselines.item_knn import ItemKNN
from tfrec_zoo.baselines.popularity import Popularity
from tfrec_zoo.baselines.recent_popularity import RecentPopularity

__all__ = ["EASE", "ContentKNN", "ItemKNN", "Popularity", "RecentPopularity"]
