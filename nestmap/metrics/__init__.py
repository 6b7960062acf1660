"""Metrics of the site for Prometheus, of one process or of several."""

from nestmap.metrics.collector import SiteCollector
from nestmap.metrics.exposition import Exposition
from nestmap.metrics.lag import LoopLag
from nestmap.metrics.requests import RequestFigures
from nestmap.metrics.sample import LastSample
from nestmap.metrics.workers import WorkerFiles, forget_worker, share_folder

__all__ = [
    "Exposition",
    "LastSample",
    "LoopLag",
    "RequestFigures",
    "SiteCollector",
    "WorkerFiles",
    "forget_worker",
    "share_folder",
]
