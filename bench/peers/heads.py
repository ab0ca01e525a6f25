# Keras's heads on features that the pipeline computed: ABO_SHARED/keras-baseline/heads.py as it is, given these features, one
# task and some splits, each as often as "inits" says (once), each time drawn anew. Takes one JSON argument {"shared", "folder",
# "task", "seeds", "heads", "length", "layers", "inits"}; reads
# FOLDER/paths.json and FOLDER/features.bin (a row a photo: its features of one layer or two, the last layer's at the end, each so
# long, then its mirror image's). Prints
# {"HEAD": {"accuracies": [...], "seconds": ...}}, the seconds of all splits.
import gzip
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np

asked = json.loads(sys.argv[1])
baseline, folder, task = os.path.join(asked['shared'], 'keras-baseline'), asked['folder'], asked['task']
paths = json.load(open(f'{folder}/paths.json'))
layers = asked.get('layers', 1)
both = np.fromfile(f'{folder}/features.bin', 'float32').reshape(len(paths), 2, layers, asked['length'])
# It asks for two layers' by name, the last first.
none = np.zeros((len(paths), 1), 'float32')
views = {f'f{view}{at}': both[:, view, layers - 1 - at] if at < layers else none for view in (0, 1) for at in (0, 1)}
np.savez(f'{folder}/F.npz', need=np.array(paths), **views)

out = f'{folder}/out'
shutil.rmtree(out, ignore_errors=True)
os.makedirs(out)
splits = json.loads(gzip.open(f'{baseline}/splits_{task}.json.gz').read())
splits['splits'] = [
    {**splits['splits'][index], 'seed': splits['splits'][index]['seed'] + 1000 * init}
    for index in asked['seeds']
    for init in range(asked.get('inits', 1))
]
with gzip.open(f'{out}/splits_{task}.json.gz', 'wt') as file:
    json.dump(splits, file)
# Rows that its file of results has already are left out.
known = json.load(open(f'{baseline}/heads.json'))[task]
known['grouped'] = {name: row for name, row in known['grouped'].items() if name not in asked['heads']}
json.dump({task: known}, open(f'{out}/heads.json', 'w'))

said = subprocess.run(
    [sys.executable, f'{baseline}/heads.py', out, task],
    env={**os.environ, 'TMPDIR_BASE': folder},
    stdout=subprocess.PIPE,
    stderr=None if 'ABO_BENCH_DEBUG' in os.environ else subprocess.DEVNULL,
    text=True,
    check=True,
).stdout
seconds = {name: int(time) for name, time in re.findall(r'grouped (\S+(?: C=\S+)?) .* (\d+) s$', said, re.M)}
results = json.load(open(f'{out}/heads.json'))[task]['grouped']
print(json.dumps({n: {'accuracies': results[n]['accuracyBySeed'], 'seconds': seconds[n]} for n in asked['heads']}))
