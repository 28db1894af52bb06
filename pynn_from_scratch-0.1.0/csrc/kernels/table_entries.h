/* The entries of a table: table.c and simple.c define every function named here, once with each suffix. */
#ifndef PYNN_TABLE_ENTRIES_H
#define PYNN_TABLE_ENTRIES_H

#define TABLE(NAME, SUFFIX, TYPE)                                               \
    {                                                                           \
        .isa = NAME, .itemsize = sizeof(TYPE),                                  \
        .tour = tour##SUFFIX,                                                   \
        .gemm = gemm##SUFFIX,                                                   \
        .column_sum = column_sum##SUFFIX,                                       \
        .sum = sum##SUFFIX,                                                     \
        .elementwise = {                                                        \
            [COPY] = map_copy##SUFFIX, [STEP] = map_step##SUFFIX,               \
            [SIGMOID] = map_sigmoid##SUFFIX,                                    \
            [SIGMOID_GRAD] = map_sigmoid_grad##SUFFIX,                          \
            [RELU] = map_relu##SUFFIX, [RELU_GRAD] = map_relu_grad##SUFFIX,     \
            [TANH] = map_tanh##SUFFIX,                                          \
        },                                                                      \
        .binary = {[ADD] = add##SUFFIX, [MULTIPLY] = multiply##SUFFIX},         \
        .relu_forward = relu_forward##SUFFIX,                                   \
        .relu_backward = relu_backward##SUFFIX,                                 \
        .leaky_relu_forward = leaky_relu_forward##SUFFIX,                       \
        .leaky_relu_backward = leaky_relu_backward##SUFFIX,                     \
        .activation_backward = {                                                \
            [SIGMOID] = sigmoid_backward##SUFFIX,                               \
            [TANH] = tanh_backward##SUFFIX,                                     \
        },                                                                      \
        .softmax = softmax##SUFFIX,                                             \
        .softmax_with_loss = softmax_with_loss##SUFFIX,                         \
        .softmax_with_loss_backward = softmax_with_loss_backward##SUFFIX,       \
        .cross_entropy_error = cross_entropy_error##SUFFIX,                     \
        .cross_entropy = cross_entropy##SUFFIX,                                 \
        .squares = squares##SUFFIX,                                             \
        .update = {                                                             \
            [SGD] = sgd##SUFFIX, [MOMENTUM] = momentum##SUFFIX,                 \
            [NESTEROV] = nesterov##SUFFIX, [ADAGRAD] = adagrad##SUFFIX,         \
            [RMSPROP] = rmsprop##SUFFIX, [ADAM] = adam##SUFFIX,                 \
            [ADAMW] = adamw##SUFFIX,                                            \
        },                                                                      \
        .conv_memory = conv_memory##SUFFIX,                                     \
        .conv_forward = conv_forward##SUFFIX,                                   \
        .conv_backward = conv_backward##SUFFIX,                                 \
        .pool_forward = pool_forward##SUFFIX,                                   \
        .pool_backward = pool_backward##SUFFIX,                                 \
        .average_forward = average_forward##SUFFIX,                             \
        .average_backward = average_backward##SUFFIX,                           \
        .im2col = im2col##SUFFIX, .col2im = col2im##SUFFIX,                     \
        .batchnorm_train = batchnorm_train##SUFFIX,                             \
        .batchnorm_test = batchnorm_test##SUFFIX,                               \
        .batchnorm_backward = batchnorm_backward##SUFFIX,                       \
        .channelnorm_train = channelnorm_train##SUFFIX,                         \
        .channelnorm_test = channelnorm_test##SUFFIX,                           \
        .channelnorm_backward = channelnorm_backward##SUFFIX,                   \
        .dropout = dropout##SUFFIX,                                             \
        .numgrad_pack = numgrad_pack_f64,                                       \
        .numgrad = numgrad_f64,                                                 \
        .perturb_column = perturb_column_f64,                                   \
        .perturb_rows = perturb_rows_f64,                                       \
    }

#endif
