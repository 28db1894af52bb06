"""The arrays of an ONNX file: in the file itself, or in one that lies beside it."""

import math
import os
import stat

import numpy as np

from pynn.io.arrays import Refused, shown

READ = ("FLOAT", "DOUBLE", "INT64", "INT32")
OUTGROW = 8             # how many times the length of the files the arrays may have together, where several nodes share one,
FLOOR = 1 << 20         # and what short files always may


class Tensors:
    """The arrays of a graph by name, each read when it is asked for."""

    def __init__(self, onnx, tensors, folder, size):
        self.onnx = onnx
        self.tensors = {tensor.name: tensor for tensor in tensors}
        self.folder = folder
        self.arrays = {}        # of Constant nodes, and what was computed from constants
        self.files = {}
        self.size = size        # of all files
        self.given = 0          # bytes

    def __contains__(self, name):
        return name in self.tensors or name in self.arrays

    def array(self, name):
        """The array of that name, to be copied by whoever keeps it."""
        array = self.arrays[name] if name in self.arrays else self.value(self.tensors[name])
        self.given += array.nbytes
        if self.given > max(FLOOR, OUTGROW * self.size):
            raise Refused(f"its {self.size:,} bytes are shared until the arrays have more than {OUTGROW} times as many")
        return array

    def value(self, tensor):
        """What a TensorProto says."""
        kind = self.onnx.TensorProto.DataType.Name(tensor.data_type)
        if kind not in READ:
            raise Refused(f"the array {shown(tensor.name)} is of {kind}; read are {', '.join(READ)}")
        if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
            return self._external(tensor)
        return self.onnx.numpy_helper.to_array(tensor)

    def _external(self, tensor):
        """An array in a file in the folder of the model, and nowhere else."""
        entry = {pair.key: pair.value for pair in tensor.external_data}
        dtype = np.dtype(self.onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).newbyteorder("<")
        shape, begin, data = tuple(tensor.dims), int(entry.get("offset", 0)), self._file(tensor.name, entry.get("location", ""))
        size = math.prod(shape) * dtype.itemsize
        if min((*shape, begin)) < 0 or begin + size > len(data) or int(entry.get("length", size)) != size:
            raise Refused(f"the array {shown(tensor.name)} is said to be {size:,} bytes from byte {begin:,} of "
                          f"{shown(entry['location'])}, which has {len(data):,}")
        return np.frombuffer(data, dtype, math.prod(shape), begin).reshape(shape)

    def _file(self, name, location):
        if location not in self.files:
            path = os.path.realpath(os.path.join(self.folder, location))
            if os.path.dirname(path) != os.path.realpath(self.folder):
                raise Refused(f"the array {shown(name)} lies in {shown(location)}; only files beside the model are read")
            if not os.path.exists(path) or not stat.S_ISREG(os.stat(path).st_mode):
                raise Refused(f"the array {shown(name)} lies in {shown(location)}, and there is no such file beside the model")
            with open(path, "rb") as file:
                self.files[location] = file.read()
            self.size += len(self.files[location])
        return self.files[location]
