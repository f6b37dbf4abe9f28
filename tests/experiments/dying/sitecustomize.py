"""Loaded by worker processes that a test starts with this folder in PYTHONPATH: some blocks kill their worker.

DYING holds a folder for traces, the blocks that kill, and how often each does: ``FOLDER:1,3:4``.
"""

import os
import signal
import sys
from pathlib import Path

if "DYING" in os.environ and any("spawn_main" in word for word in sys.orig_argv):
    from policymix.experiments import blocks

    traces, numbers, times = os.environ["DYING"].rsplit(":", 2)
    run_block = blocks.run_block

    def run_or_die(plan, folder, block, *others):
        """Run a block, or leave a trace and die."""
        deaths = len(list(Path(traces).glob(f"{block.number}-*")))
        if str(block.number) in numbers.split(",") and deaths < int(times):
            (Path(traces) / f"{block.number}-{deaths}-{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return run_block(plan, folder, block, *others)

    blocks.run_block = run_or_die
