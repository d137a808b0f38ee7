# ---
# title: History, with sources
# minutes: 20
# level: beginner
# needs: lessons 1, 2 and 6 (for the experiments)
# learn: who found what and when, which stories are true, and where the lectures' facts come from
# ---

# %% [markdown]
# # 14. History, with sources
#
# Most of this course is older than the people who take it. Each entry has its source, and where it can be, an
# experiment of a few lines.

# %%
import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.basics import Neuron, Perceptron, separate
from glassnet.lessons import Picture, check, curves, reveal, show, sized

# %% [markdown]
# ## A timeline to guess at
#
# In which year was backpropagation *popularised* for networks?

# %%
guess = ...

# %%
reveal(guess, 1986, "Rumelhart, Hinton and Williams, in Nature; it had been found before, see below")
EVENTS = [
    (1805, "Legendre: least squares"),
    (1847, "Cauchy: descent along the gradient"),
    (1943, "McCulloch, Pitts: threshold neurons"),
    (1958, "Rosenblatt: the perceptron"),
    (1969, "Minsky, Papert: Perceptrons"),
    (1970, "Linnainmaa: reverse mode"),
    (1974, "Werbos: backpropagation, thesis"),
    (1980, "Fukushima: neocognitron"),
    (1985, "Parker; LeCun: backpropagation, found again"),
    (1986, "Rumelhart, Hinton, Williams: it becomes known"),
    (1989, "LeCun: convolution; Cybenko: theorem"),
    (1998, "LeCun and others: MNIST, LeNet-5"),
    (2006, "Hinton: deep belief nets"),
    (2010, "Glorot, Bengio: initialisation; Nair, Hinton: ReLU"),
    (2012, "AlexNet"),
    (2014, "dropout (journal), Adam"),
    (2015, "batch norm, He, ResNet"),
    (2017, "Transformer"),
    (2019, "lottery tickets"),
]
line = Picture(760, 26 + 19 * len(EVENTS), "two centuries")
line.line(64, 12, 64, line.height - 12, width=2)
for i, (year, what) in enumerate(EVENTS):
    line.dot(64, 22 + 19 * i, radius=4)
    line.text(54, 26 + 19 * i, str(year), 11, "end")
    line.text(76, 26 + 19 * i, what, 12, "start")
show(line)

# %% [markdown]
# ## 1943: a neuron that is logic
#
# Warren McCulloch and Walter Pitts, *A Logical Calculus of the Ideas Immanent in Nervous Activity*. A unit fires when
# enough of its inputs do. Nothing learns.

# %%
print([int(Neuron((1, 1), -1.5)(x)) for x in ((0, 0), (0, 1), (1, 0), (1, 1))], "is AND")

# %% [markdown]
# ## 1958: a neuron that learns
#
# Frank Rosenblatt at Cornell: *The Perceptron: A Probabilistic Model for Information Storage and Organization in the
# Brain*; and a machine, the Mark I, with 400 photocells and weights turned by motors. A newspaper reported that it was
# expected one day to walk, talk, see, write, reproduce itself and be conscious. Expectations have been a part of the
# field ever since.

# %%
unit = Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1])
print("learned OR:", unit.weight_, unit.bias_, "in", unit.epochs_, "rounds")

# %% [markdown]
# ## 1969: what a line cannot do
#
# Marvin Minsky and Seymour Papert, *Perceptrons*, prove what single layers cannot compute. They knew that more layers
# could; their doubt was whether these could be **trained**. The book is often blamed for the first winter of the field,
# when money went elsewhere; reports such as Lighthill's (1973) had their share.

# %%
print(separate([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]).tell().splitlines()[-1])

# %% [markdown]
# ## 1970 to 1986: the chain rule, several times
#
# Seppo Linnainmaa (1970, reverse accumulation), Paul Werbos (1974, thesis at Harvard), David Parker (1985, a report at
# MIT), Yann LeCun (1985), and then David Rumelhart, Geoffrey Hinton and Ronald Williams (1986, *Learning representations
# by back-propagating errors*, Nature 323), who showed what hidden units learn, and convinced.
#
# ### Exercise 14.1
# Put in order, earliest first:
#
# * **a** Rumelhart, Hinton, Williams
# * **b** McCulloch, Pitts
# * **c** Werbos' thesis
# * **d** AlexNet
# * **e** Rosenblatt's perceptron
# * **f** *Perceptrons* by Minsky and Papert

# %%
order = ...  # six letters
check("14.1", order)

# %% [markdown]
# ## The second winter
#
# In the 1990s deep networks trained badly, and support vector machines were better understood and often better. One
# reason takes two lines: through ten sigmoids the gradient shrinks by at least a million.

# %%
torch.manual_seed(0)
layers = [nn.Sequential(nn.Linear(8, 8), nn.Sigmoid()) for _ in range(10)]
nn.Sequential(*layers)(torch.randn(32, 8)).sum().backward()
norms = [float(np.linalg.norm(layer[0].weight.grad.array)) for layer in layers]
print(f"gradient in the last layer {norms[-1]:.2g}, in the first {norms[0]:.2g}")
show(curves({"gradient": norms}, title="ten sigmoid layers", x_label="layer", log=True))

# %% [markdown]
# ## 2012
#
# AlexNet (Krizhevsky, Sutskever, Hinton) won the ImageNet contest with a top-5 error of 15.3 %; the next best had 26.2 %.
# What had changed since 1989: data (a million labelled photographs), graphics processors, ReLU, dropout.
#
# ### Exercise 14.2
# From 26.2 % to 15.3 %: how many percentage points, and what share of the errors went away?

# %%
points, share = ..., ...
check("14.2", points, share)

# %% [markdown]
# ## Where networks are today
#
# | where | examples | what this course shows | what it does not |
# |---|---|---|---|
# | vision | filters, face unlock | neurons, layers, backpropagation | convolution |
# | language | chat assistants, translation | the same, and softmax over words | attention, tokens |
# | sound | speech recognition, recommendation | the same | sequences |
# | science | protein structure, drug search | the same | equivariance, graphs |
# | games | Go | the same | search, reinforcement |
#
# A brain has about 86 billion neurons (Azevedo and others 2009: 86.1 ± 8.1), each with thousands of connections. The
# largest networks have more *weights* than that; a weight is nearer to a synapse, of which the brain has some 10^14.
#
# ## The eight sentences to take home
#
# | sentence | try it |
# |---|---|
# | a network is a function with dials | `glassnet explain --layers 2-2-1 --x 1,0` |
# | forward: weigh, bend, repeat | `glassnet explain --example W02` |
# | a loss says how wrong | `glassnet explain --example W24` |
# | backpropagation is the chain rule | `glassnet explain --example W03` |
# | descent walks downhill | `glassnet play` |
# | the bend is what makes depth worth anything | `glassnet explain --example W27` |
# | how weights start matters | `glassnet train moons --init zeros` |
# | old ideas, new data | `glassnet train mnist` |
#
# ### Exercise 14.3
# True or false (t or f, four letters)?
#
# 1. Minsky and Papert did not know that two layers make XOR.
# 2. Batch normalisation helped AlexNet win.
# 3. AlexNet's 15.3 % was an average of several networks.
# 4. Reverse-mode differentiation is older than 1986.

# %%
letters = ...
check("14.3", letters)

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **"Toronto, 3 December 2012, 4:47 PM"** as the moment: a date in December is that of the conference talk (NIPS, in
#   Lake Tahoe); the contest's results were out in October.
# * **"A single network, 15.3 %"**: an average of seven, two of them trained on more data before. One alone had 18.2 %.
# * **"The core algorithm was invented in 1986"**: made known in 1986; see the years above.
# * **"The first artificial neuron" in 1958**: 1943.
# * **"Batch norm" among the techniques of 2012**: 2015.
# * **"$44 million"** is what Google is reported to have paid for the start-up of the three (DNNresearch) in 2013; the sum
#   comes from later books (Metz, *Genius Makers*, 2021), not from the companies.
# * **"Moons on TensorFlow Playground"**: that page has circle, XOR, Gauss and spiral, and two planes. No moons; here there
#   are.
#
# ## Sources
#
# Papers: Rumelhart, Hinton, Williams, *Learning representations by back-propagating errors*, Nature 323, 1986 · LeCun,
# Bottou, Bengio, Haffner, *Gradient-based learning applied to document recognition*, Proc. IEEE 86, 1998 · Hinton,
# Osindero, Teh, *A fast learning algorithm for deep belief nets*, Neural Computation 18, 2006 · Cybenko, *Approximation by
# superpositions of a sigmoidal function*, 1989 · Glorot, Bengio, *Understanding the difficulty of training deep
# feedforward neural networks*, 2010 · Krizhevsky, Sutskever, Hinton, *ImageNet classification with deep convolutional
# neural networks*, 2012 · Kingma, Ba, *Adam*, 2014 · He and others, *Delving deep into rectifiers*, 2015 · Ioffe, Szegedy,
# *Batch normalization*, 2015 · He and others, *Deep residual learning*, 2015 · Telgarsky, *Representation benefits of deep
# feedforward networks*, 2015 · Frankle, Carbin, *The lottery ticket hypothesis*, 2019.
#
# Books: Michael Nielsen, *Neural Networks and Deep Learning*, 2015 · Ian Goodfellow, Yoshua Bengio, Aaron Courville, *Deep
# Learning*, 2016. Videos: 3Blue1Brown, *Neural networks* · Andrej Karpathy, *Neural Networks: Zero to Hero*.
#
# The lectures that this course answers: a workshop of the NFLS AI Club (2025); a module on building networks from
# mathematics alone; the slides of Nipun Batra, in two renderings; the slides of Ho-min Park. Facts and numbers are
# theirs where they are named; words and programs here are not.
