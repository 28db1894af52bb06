"""pynn's networks as scikit-learn estimators; ``pip install "pynn-from-scratch[sklearn]"`` installs what they need.

`PynnClassifier` and `PynnRegressor` go wherever an estimator goes: into pipelines, cross-validation, searches, joblib's files.
Their parameters are named as those of scikit-learn's ``MLPClassifier``.
"""

try:
    import sklearn.utils.validation as _validation
except ImportError as error:
    raise ImportError('pynn.sklearn: scikit-learn is not installed: pip install "pynn-from-scratch[sklearn]"') from error
if not hasattr(_validation, "validate_data"):
    raise ImportError('pynn.sklearn: this scikit-learn is older than 1.6, the first with public functions for estimators of '
                      'others: pip install "pynn-from-scratch[sklearn]"')

from pynn.sklearn.classifier import PynnClassifier as PynnClassifier
from pynn.sklearn.regressor import PynnRegressor as PynnRegressor

__all__ = ["PynnClassifier", "PynnRegressor"]
