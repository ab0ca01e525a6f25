# cleanlab on drawn label flips. Takes one JSON argument {"folder", "draws", "photos", "classes"}; reads, by draw,
# FOLDER/advise-N-labels.bin (int32) and FOLDER/advise-N-probabilities.bin (float64), and FOLDER/advise-vectors.bin (float32, a row a
# photo). Prints {"version", "sides": {NAME: [{"quality", "flags"} by draw]}}: of the given probabilities, and of those that
# its documentation makes, by five-fold cross-validated logistic regression (as ABO_SHARED/peers/noise.py does).
import json
import sys
from importlib.metadata import version

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

asked = json.loads(sys.argv[1])
at, photos, classes = asked['folder'] + '/advise-', asked['photos'], asked['classes']
vectors = np.fromfile(at + 'vectors.bin', 'float32').reshape(photos, -1)
sides = {}


def add(name, quality, flags):
    sides.setdefault(name, []).append({'quality': quality.tolist(), 'flags': flags.tolist()})


for draw in range(asked['draws']):
    labels = np.fromfile(f'{at}{draw}-labels.bin', 'int32').astype(int)
    given = np.fromfile(f'{at}{draw}-probabilities.bin').reshape(photos, classes)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=100))
    folds = StratifiedKFold(5, shuffle=True, random_state=draw)
    usual = cross_val_predict(model, vectors, labels, cv=folds, method='predict_proba')
    for name, probabilities in (('same probabilities', given), ('logistic regression', usual)):
        default = find_label_issues(labels, probabilities, n_jobs=1)
        quality = get_label_quality_scores(labels, probabilities, method='self_confidence')
        add(name, quality, default)
        if name == 'same probabilities':
            margin = get_label_quality_scores(labels, probabilities, method='normalized_margin')
            low = find_label_issues(labels, probabilities, filter_by='low_self_confidence', n_jobs=1)
            add('same probabilities, by normalised margin and low_self_confidence', margin, low)
print(json.dumps({'version': f"cleanlab {version('cleanlab')}", 'sides': sides}))
