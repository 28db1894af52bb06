"""What bounds a target that is missed, and what was tried: for a processor with AVX-512 and 2 MB of second cache a core.

The figures are of 28 November 2026, on two cores of a Sapphire Rapids Xeon on a shared host, smallest of many turns; docs/performance.md
has the rest of what was tried.
"""

# The beginning of a target, or what is in it, and what bounds it.
BOUNDS = [
    (("TwoLayerNet step", "earlier"), "139 to 141 us on one thread for both; of a hot call 2.8 us more than the earlier commit, since parameters are a view of the layers and every update "
     "is checked in words. It is seen at two threads, where a step is 80 us."),
    (("MultiLayerNet step", "earlier"), "As for TwoLayerNet: the same 2 to 3 us of Python a step."),
    (("TwoLayerNet step", "floor"), "The products take 104 us at the peak of a quiet run (153 GFLOP/s), the step 138 to 141, 1.35 of it: 12 us are Python and calls with warm caches, more with cold ones, "
     "the rest the edges of tiles (50 columns are three vectors and two dot products). On a disturbed host the ratio is of the disturbance."),
    (("TwoLayerNet step", "two threads against one"), "Two regions of a product meet twice, 1 to 2 us each; Python, 12 to 24 us, is serial; x and dW go from core to core. The pool's model says 1.3 to 1.6."),
    (("TwoLayerNet step", "jax"), "JAX computes the same products with its own kernels in one call; of pynn's step a sixth is Python."),
    (("MultiLayerNet step", "fastest"), "The fastest peer is JAX, whose compiled step has no Python between seven small layers: 100x100x100 takes 15 us at the peak. Tried: nothing that keeps the layers visible."),
    (("SimpleConvNet step", "earlier"), "Of 4.6 ms the two affine products take 2.05 (1.65 at the peak: 1.7 MB operands pass the second cache), convolution and pooling forward 1.07 and dW 1.18, where the peak says 0.58 each: "
     "25 steps of K fill and empty 24 registers, the windows go through the second cache to be pooled, and dW's three zeros of four are multiplied, as lists fill 5 of 16 lanes."),
    (("SimpleConvNet step", "PyTorch"), "2.85 ms at the peak against PyTorch's 15 to 16: not even that is 6.5 times as fast. Measured: 2.7 to 3.4."),
    (("SimpleConvNet step", "numpy"), "83 ms of NumPy against 4.6 to 5.6."),
    (("DeepConvNet step", "earlier"), "Backward through pooling, 10.3 of 24.2 ms: lists of windows and filters are built in 1 ms a layer, and a sum of two or three terms a window loads and stores nine vectors. Winograd there multiplies the "
     "zeros and took longer. The other products are at Winograd's points, 16 to 64 steps of K; their transforms take as long. On two threads blocks 1 and 2 pass 5 MB arrays through the third cache."),
    (("DeepConvNet step", "PyTorch"), "As beside the earlier step; PyTorch's channels_last is 60 ms, oneDNN's direct convolutions near the peak."),
    (("DeepConvNet step: memory",), "The 3 MB more are Winograd's buffers, a slot for each thread and the sums at 36 points for eight groups of images; with PYNN_WINOGRAD=0 it is 41 MB."),
    (("Trainer, loss_after_update=False, one thread",), "190 us against 138: the rows, 313 kB from random places of 188 MB, are 26 us (memory gives 11 GB/s, copying 100 rows that lie one after the other takes 33), and push 9 us of cached operands out; drawing 4, labels 2, "
     "the loop 8. Fetching the next rows from within the products' tiles moved 17 us into them; eight rows side by side took 36 us to 28. 1.15 would be 21 us for all of it."),
    (("Trainer, loss_after_update=False: two threads",), "Python and the draws, 25 us, are serial, and the rows share one memory."),
    (("Trainer, loss_after_update=True",), "One more forward pass is 55 us at the peak on top of the above."),
    (("script of chapter 5",), "The script's own NumPy is in it: `np.random.choice`, `x_train[mask]` of 784 numbers a row and the reader's `-=` are the same in both and take 1.9 of 5 s; the float64 products alone are 2.6 times NumPy's."),
    (("from Enter",), "Importing NumPy and pynn 0.12 s, `load_mnist` 0.12, 1,800 steps of Adam 0.5: 235 GFLOP are 0.15 s at the peak of two threads, the rest is rows, Python and Adam's three arrays a parameter; PyTorch's time varies by a third."),
    (("matrix products",), "What stays below one by one: dW of ten samples with a hundred outputs (ten steps of K fill and empty a tile), squares of 1024 and more (level within 5 %, OpenBLAS fetches ahead by hand), and, on two threads, "
     "results and operands of 8 to 90 MB, which wait for memory. Shapes of a few microseconds vary by a tenth from run to run."),
    (("functions, layers and optimizers within",), "Copies, sums and pooling are bounded by loads and stores; NumPy's own SIMD loops are as fast there."),
    (("PynnClassifier.fit",), "MNIST with Adam: 0.17 of 0.36 s are products at the peak, and scikit-learn's are NumPy's, half as fast; its shuffled rows cost the same in both."),
    (("compiling",), "The AVX-512 table is half of it. -O2 would halve it, and makes elementwise loops 1.8 to 3.4 times slower; one table for both dtypes is one compiler run already."),
]


def bound(promise):
    """What bounds a target, or that nobody has looked."""
    for parts, words in BOUNDS:
        if all(part in promise for part in parts):
            return words
    return "Not looked into."
