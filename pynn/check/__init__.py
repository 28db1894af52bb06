"""A gradient check that says where backpropagation errs and why, and a look at a network's health."""

from pynn.check.hypothesis import Diagnosis as Diagnosis
from pynn.check.gradient import gradient_check as gradient_check
from pynn.check.report import GradientCheck as GradientCheck

__all__ = ["GradientCheck", "gradient_check"]
