"""A second way to train the shipped models: distillation in PyTorch, written for a CPU.

A ResNet learns both label sets from nothing, then teaches them to the MobileNetV2 of the device
(Hinton et al. 2015), which sees the very faces that its teacher sees (Beyer et al. 2022). What
takes the time, batch norms and depthwise convolutions, is computed in bfloat16 by kernels of this
package. The result are Keras files like any other.
"""
