"""The book's layers (chapters 5 to 7)."""

from pynn.layers.affine import Affine as Affine
