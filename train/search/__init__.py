"""Searching for a better recipe: what is varied, the trials, and who proposes the next one."""

from train.search.budget import Budget
from train.search.run import search
from train.search.space import PARAMETERS

__all__ = ["PARAMETERS", "Budget", "search"]
