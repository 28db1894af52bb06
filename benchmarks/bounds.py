"""What bounds a target that is missed, and what was tried: for a processor with AVX-512 and 2 MB of second cache a core.

The figures are of 28 November 2026, on two cores of a Sapphire Rapids Xeon on a shared host, smallest of many turns; docs/performance.md
has the rest of what was tried.
"""

# The beginning of a target, or what is in it, and what bounds it.
BOUNDS = [
    (("TwoLayerNet step", "earlier"), "128 to 131 us at best for both, first quartiles 132 and 135 (one thread, float32): 3 us are the update's, since parameters are a view of the layers and "
     "settings are checked in words."),
    (("MultiLayerNet step", "earlier"), "As for TwoLayerNet: 2 us of Python a step and parameter."),
    (("TwoLayerNet step", "floor"), "The products take 104 us at the peak of a quiet run (153 GFLOP/s), the step 135 to 141, 1.3 to 1.35 of it: 12 us are Python and calls when all is in the caches, the rest the "
     "edges of tiles (50 columns are three vectors and two dot products). On a disturbed host the ratio is of the disturbance."),
    (("TwoLayerNet step", "two threads against one"), "Each line of W that both cores have read costs 10 to 24 ns to change, and W's other half comes from the other core: 54 us of the first product become 42 to 45 and not 27, its dW's 53 "
     "become 35, SGD's 5 become 8. Python, 12 us, is serial. Asking for lines to write them, even shares and a shorter look for work took the step from 121 to 106 us."),
    (("TwoLayerNet step", "jax"), "JAX computes the same products in one call without Python between the layers."),
    (("MultiLayerNet step", "fastest"), "The fastest peer is JAX, whose compiled step has no Python between its layers; pynn's products are small and its layers stay visible."),
    (("SimpleConvNet step", "earlier"), "Of 4.6 ms the two affine products take 2.05 (1.65 at the peak; their operands of 1.7 MB pass the second cache), convolution and pooling forward 1.07 and dW 1.18, where the peak says "
     "0.58 each: 25 steps of K fill and empty 24 registers, the windows go through the second cache to be pooled, and of dW's factors three of four are zeros, since lists would fill 5 of 16 lanes."),
    (("SimpleConvNet step", "PyTorch"), "All its arithmetic takes 2.85 ms at the peak, PyTorch's step 13 to 18: 6.5 times as fast would be at the peak, or beyond it."),
    (("SimpleConvNet step", "numpy"), "NumPy's step varies between 75 and 95 ms on this host, pynn's between 4.6 and 6.4."),
    (("DeepConvNet step: memory",), "The 3 MB are Winograd's buffers: the sums at 36 points of eight groups of images, and a slot for each thread. With PYNN_WINOGRAD=0 it is 42 MB."),
    (("DeepConvNet step", "earlier"), "Backward through pooling is 10.3 of 24.2 ms: lists of windows and of filters are built by scalar code, about a millisecond a layer by a count of instructions, and a sum of two or three terms loads and stores nine vectors. Winograd there "
     "multiplies the zeros and took longer. Elsewhere the transforms take as long as the products at the points. On two threads blocks 1 and 2 pass arrays of 5 MB through the third cache."),
    (("DeepConvNet step", "PyTorch"), "As beside the earlier step; PyTorch's takes 60 to 85 ms on one thread from run to run, pynn's 24 to 42."),
    (("Trainer, loss_after_update=False, one thread",), "190 us against 138: 100 rows, 313 kB from random places of 188 MB, take 26 us (memory gives 11 GB/s; 100 rows that lie one after the other take 33 to copy), and the gradient 9 to 13 us more with them than with "
     "rows that it has seen; drawing takes 4, labels 2, the loop 8. Eight rows side by side take 28 us where one by one take 36. Fetching rows from within the products' tiles moved 17 us there. 1.15 would be 21 us for all."),
    (("Trainer, loss_after_update=False: two threads",), "As for the step on two threads; and the rows share one memory and are written into lines that both cores have read."),
    (("Trainer, loss_after_update=True",), "One more forward pass is 55 us, 0.4 of the bare step, and the rows 0.37."),
    (("script of chapter 5",), "Of 9.8 s on two threads the gradient takes 3.2, the reader's `-=` 1.9, the loss 1.7, accuracies 1.5, indexing 0.7, `np.random.choice` 0.5: 3.1 s are NumPy's own in both. `-=` takes three times as long as on one "
     "thread (0.67), because both cores have read W. On one thread the float64 step is 2.3 to 2.6 times NumPy's, at 59 % of the peak."),
    (("from Enter",), "Importing NumPy 0.07 s and pynn 0.06, `load_mnist` 0.10, 1,800 steps 0.6 to 0.8, of which the 57 GFLOP are 0.19 at the peak of two threads; the rest is rows, Adam's 318 kB times three, and Python. PyTorch's time varies by a third."),
    (("matrix products",), "Below again and again is dW of ten samples with a hundred outputs on one thread (ten steps of K fill and empty a tile), and on two threads operands of 8 to 90 MB, which wait for memory. Squares of 1024 and more are "
     "0.85 to 1.03. Single samples in float64 and what takes a few microseconds vary by a tenth from run to run."),
    (("functions, layers and optimizers within",), "Copies, sums and masks are bounded by loads and stores, and NumPy's own loops are as fast there."),
    (("PynnClassifier.fit",), "MNIST with Adam: of 0.36 s the products take 0.17 at the peak; scikit-learn's are NumPy's, two thirds as fast."),
    (("compiling",), "25 s of AVX-512's table, 22 of AVX2's, 17 of the baseline's, spread over all passes. -O2 with loop vectorization takes 0.8 of it, and softmax 1.8, batch normalization 2.5 times as long."),
]


def bound(promise):
    """What bounds a target, or that nobody has looked."""
    for parts, words in BOUNDS:
        if all(part in promise for part in parts):
            return words
    return "Not looked into."
