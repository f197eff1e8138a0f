"""A second way to train the shipped models: distillation in PyTorch, written for a CPU.

A ResNet learns both label sets from nothing, then teaches them to a MobileNetV2 (Hinton et al.
2015), which sees the very faces that its teacher sees (Beyer et al. 2022); both teach the network
of the device, a MobileNetV2 with dense first blocks, and all three the same once more. What takes
the time, batch norms and depthwise convolutions, is computed in bfloat16 by kernels of this
package. The results are Keras files like any other.
"""
