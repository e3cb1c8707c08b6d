"""The differentiable operations. Each is a few lines: what it computes, and beside it its gradient."""
from minidl.ops.convolution import col2im, conv2d, convolution_layer, im2col
from minidl.ops.elementwise import abs, add, clip, cos, divide, exp, log, maximum, minimum, multiply, negative, power, sin, sqrt, square
from minidl.ops.elementwise import equal, greater, greater_equal, less, less_equal, not_equal, ones_like, sign, step, subtract, where
from minidl.ops.elementwise import astype, to
from minidl.ops.noise import dropout
from minidl.ops.nonlinearities import elu, erf, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, tanh
from minidl.ops.normalization import batch_normalization
from minidl.ops.pooling import average_pool2d, convolution_and_pooling, global_average_pool2d, max_pool2d, pool_winners
from minidl.ops.probabilities import binary_crossentropy, crossentropy, log_softmax, sigmoid_crossentropy, softmax, softmax_crossentropy
from minidl.ops.products import dense_layer, matmul
from minidl.ops.reductions import argmax_mask, max, mean, sum
from minidl.ops.shapes import add_at, broadcast_to, concatenate, flatten, getitem, one_hot, pad, reshape, stack, transpose
