"""A process that imports a contestant and does one step; prints seconds of both, and the result.

``python -m benchmarks.processes.first_result CONTESTANT MODULE WORKLOAD SIZES``, the sizes as JSON.
"""

import time

STARTED = time.perf_counter()  # before NumPy and everything else

import json  # noqa: E402
import sys  # noqa: E402

from benchmarks.runner import contestants  # noqa: E402

if __name__ == "__main__":
    contestant, module, name, sizes = sys.argv[1:]
    threads = contestants.thread_count()
    contestants.pin(threads)
    contestants.import_library(contestant, threads)
    imported = time.perf_counter()

    from benchmarks.runner.worker import arrays, find

    step = find(module, name).make_step(contestant, json.loads(sizes))
    result = [array.tolist() for array in arrays(step())]
    done = time.perf_counter()
    print(json.dumps([imported - STARTED, done - imported, result]))
