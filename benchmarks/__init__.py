"""minidl beside other frameworks: the same training step of the same nets with the same weights, interleaved in one session.

``make bench`` runs it (``make bench ARGS="--quick --only intro --peers torch"``: fewer); ``python -m benchmarks --help`` names the options.
Each framework runs in processes of its own, so that their threads and their memory do not disturb each other:

    peers.py        which frameworks there are, and their virtual environments in .venv-bench/
    nets.py         the nets as plain data, their weights, their operations
    frameworks/     one file each: a net in that framework, and a training step
    worker.py       the process that runs one of them and answers questions; workers.py talks to it
    contestants.py  with which settings each is tried; cases.py: what is measured
    rounds.py       the interleaved measurement; statistics.py: medians of paired ratios
    report.py, readme.py, plot.py   what comes of it
"""
