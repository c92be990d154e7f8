"""Vertex-elimination tasks: small functions whose Jacobian cost depends on the order of elimination.

The functions are those of AlphaGrad (Lohoff and Neftci, "Optimizing Automatic Differentiation with Deep
Reinforcement Learning", NeurIPS 2024), written anew in plain NumPy from the equations. One NumPy call here is one
vertex there, **repeated subexpressions included**: what is written twice is meant to be computed twice, so please
do not tidy it, or the counts stop being comparable. Every argument is one input of the Jacobian; scalars are
separate 0-d arguments.

    task = TASKS["HumanHeartDipole"]
    task.function(*task.inputs)                             # the value
    jacobian(task.function, argnums=all)(*task.inputs)      # the thing to count, whatever it is called

`published` holds the number of scalar multiplications of the whole Jacobian by four orders of elimination: forward
(every vertex in program order), reverse, minimal Markowitz degree, and the best that AlphaGrad reports for
reinforcement learning. `counted` holds the same for the graphs of the functions below; its `best` is the lowest that
a plain local search over orders found in seconds, and `proven` says that no order of the vertices is cheaper.

Convention: eliminating a vertex costs, for every pair (edge in, edge out), the product of the sizes of all labels that
the values of either edge carry. For scalars that is 1 a pair, **also when a partial is +1, -1 or a constant**.
Additions are free, and so is evaluating the partials. A library that keeps a delta without values needs fewer, and
should report both.

Where `counted` differs from `published`:

- vertices that no derivative passes (constants at run time, a maximum under a stop-gradient, unused results) are
  vertices in AlphaGrad and cost something in a bad order: BlackScholes_Jacobian, MLP;
- AlphaGrad's batched MLP transposes two columns, and counts them as dense products: 80 in reverse, 3072 in forward.
  There is nothing to transpose here. The lowest order found on AlphaGrad's graph, 388, is 308 here;
- AlphaGrad's Markowitz degree of an array weighs edges by sizes; here it is (edges in) x (edges out).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

try:  # the error function is the only one here from outside NumPy
    from scipy.special import erf
except ImportError:
    erf = np.frompyfunc(math.erf, 1, 1)


class Counts(NamedTuple):
    """Multiplications by order of elimination."""

    forward: int
    reverse: int
    markowitz: int
    best: int | None


class Task(NamedTuple):
    """A function, the point of evaluation, and what is known about the cost of its Jacobian."""

    function: Callable
    inputs: tuple
    published: Counts
    counted: Counts
    proven: bool = False
    of_gradient: bool = False


# ---------------------------------------------------------------------------------------------- gas dynamics
GAMMA = 0.5  # AlphaGrad's value; a gas has GAMMA > 1


def _pressure(rho, m, e):
    return (GAMMA - 1.0) * (e - 0.5 * m**2 / rho)


def _enthalpy(rho, e, p):
    return (e + p) / rho


def _euler_flux(rho, m, e, p):
    v = m / rho
    return m, p + m * v, v * (p + e)


def RoeFlux_1d(rho_l, m_l, e_l, rho_r, m_r, e_r):
    """Roe's approximate Riemann flux of the one-dimensional Euler equations: six scalars to three.

    Density, momentum and energy on the left and right. P. L. Roe, "Approximate Riemann solvers, parameter vectors,
    and difference schemes", J. Comput. Phys. 43 (1981). As in AlphaGrad the third wave speed is |u|, not |u - a|.
    """
    d_rho = rho_r - rho_l
    rho = np.sqrt(rho_l * rho_r)
    weight = np.sqrt(rho_l) + np.sqrt(rho_r)

    v_l = m_l / rho_l
    p_l = _pressure(rho_l, m_l, e_l)
    h_l = _enthalpy(rho_l, e_l, p_l)
    v_r = m_r / rho_r
    p_r = _pressure(rho_r, m_r, e_r)
    h_r = _enthalpy(rho_r, e_r, p_r)
    d_p = p_r - p_l
    d_v = v_r - v_l

    u = (np.sqrt(rho_l) * v_l + np.sqrt(rho_r) * v_r) / weight
    h = (np.sqrt(rho_l) * h_l + np.sqrt(rho_r) * h_r) / weight
    uu = u**2
    aa = (GAMMA - 1.0) * (h - 0.5 * uu)
    a = np.sqrt(aa)
    speed_1, speed_0, speed_2 = np.abs(u + a), np.abs(u), np.abs(u)

    impedance = a * rho
    wave_0 = (d_rho - d_p / aa) * speed_0
    wave_1 = (d_v + d_p / impedance) * speed_1
    wave_2 = (d_v - d_p / impedance) * speed_2

    left = _euler_flux(rho_l, m_l, e_l, p_l)
    right = _euler_flux(rho_r, m_r, e_r, p_r)
    sums = [x + y for x, y in zip(left, right, strict=True)]

    c = 0.5 * rho / a
    jumps = [
        wave_0 + c * wave_1 - c * wave_2,
        wave_0 * u + c * wave_1 * (u + a) - c * wave_2 * (u - a),
        wave_0 * 0.5 * uu + c * wave_1 * (h + u * a) - c * wave_2 * (h - u * a),
    ]
    return tuple(0.5 * (s - j) for s, j in zip(sums, jumps, strict=True))


# ------------------------------------------------------------------------------------------------ kinematics
def RobotArm_6DOF(t1, t2, t3, t4, t5, t6):
    """Pose of a six-axis industrial arm: six joint angles to position (3) and Tait-Bryan angles (3).

    Closed forms from the Denavit-Hartenberg parameters a1=175 a2=890 a3=50 d1=575 d4=1035 d6=185 (mm), as in the
    article that AlphaGrad names, dergipark.org.tr download/article-file/2289226. The y position has the sign of
    `c1 * s4` that AlphaGrad has (plus, while the approach vector has minus).
    """
    a1, a2, a3, d1, d4, d6 = 175.0, 890.0, 50.0, 575.0, 1035.0, 185.0
    c1, c2, c4, c5, c6 = np.cos(t1), np.cos(t2), np.cos(t4), np.cos(t5), np.cos(t6)
    c23 = np.cos(t2) * np.cos(t3) - np.sin(t2) * np.sin(t3)
    s1, s2, s4, s5, s6 = np.sin(t1), np.sin(t2), np.sin(t4), np.sin(t5), np.sin(t6)
    s23 = np.cos(t2) * np.sin(t3) + np.sin(t2) * np.cos(t3)

    def approach_x():
        return s5 * (c1 * c23 * c4 + s1 * s4) + c1 * s23 * c5

    def approach_z():
        return s23 * c4 * s5 - c23 * c5

    def tilt():
        return c23 * s5 + s23 * c4 * c5

    def reach():
        return a1 + a2 * c2 + a3 * c23 + d4 * s23

    ax = approach_x()
    ay = s5 * (s1 * c23 * c4 - c1 * s4) + s1 * s23 * c5
    az = approach_z()
    nz = c6 * tilt() - s23 * s4 * s6
    oz = -s6 * tilt() - s23 * s4 * c6

    yaw = np.arctan2(ay, ax)
    pitch = np.arctan2(np.sqrt(1.0 - az**2), az)
    roll = np.arctan2(oz, -nz)
    px = d6 * approach_x() + c1 * reach()
    py = d6 * (s5 * (s1 * c23 * c4 + c1 * s4) + s1 * s23 * c5) + s1 * reach()
    pz = a2 * s2 + d1 + a3 * s23 - d4 * c23 + d6 * approach_z()
    return px, py, pz, yaw, pitch, roll


# -------------------------------------------------------------------------------------------------- MINPACK-2
def HumanHeartDipole(a, b, c, d, t, u, v, w):
    """Two dipoles in the human heart: eight scalars to eight residuals, all measured moments 1.

    MINPACK-2 (Averick, Carter, More, Xue, 1992), after Dennis, Gay and Vu (1985). MINPACK-2 adds the two mixed terms
    of the sixth residual, AlphaGrad subtracts them; so does this. The count is the same.
    """
    moment = 1.0
    f1 = a + b - moment
    f2 = c + d - moment
    f3 = t * a + u * b - v * c - w * d - moment
    f4 = v * a + w * b + t * c + u * d - moment
    tv = t**2 - v**2
    uw = u**2 - w**2
    f5 = a * tv - 2 * c * t * v + b * uw - 2 * d * u * w - moment
    f6 = c * tv - 2 * a * t * v + d * uw - 2 * b * u * w - moment
    ttt = t * (t**2 - 3 * v**2)
    vvv = v * (v**2 - 3 * t**2)
    uuu = u * (u**2 - 3 * w**2)
    www = w * (w**2 - 3 * u**2)
    f7 = a * ttt + c * vvv + b * uuu + d * www - moment
    f8 = c * ttt - a * vvv + d * uuu - b * www - moment
    return f1, f2, f3, f4, f5, f6, f7, f8


def PropaneCombustion(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11):
    """Chemical equilibrium of propane burning in air, full formulation: eleven scalars to eleven residuals.

    MINPACK-2 (Averick, Carter, More, Xue, 1992), after Meintjes and Morgan (1990); pressure 40, air to fuel 10.
    """
    p, r = 40.0, 10.0
    root = np.sqrt(p / x11)
    return (
        x1 + x4 - 3.0,
        2 * x1 + x2 + x4 + x7 + x8 + x9 + 2 * x10 - r,
        2 * x2 + 2 * x5 + x6 + x7 - 8.0,
        2 * x3 + x9 - 4 * r,
        x2 * x4 - x1 * x5,
        np.sqrt(x2 * x4) - np.sqrt(x1) * root * x6,
        np.sqrt(x1 * x2) - np.sqrt(x4) * x7 * root,
        x1 - x4 * x8 * p / x11,
        x1 * np.sqrt(x3) - x4 * x9 * root,
        x1**2 - x4**2 * x10 * p / x11,
        x11 - x1 - x2 - x3 - x4 - x5 - x6 - x7 - x8 - x9 - x10,
    )


# ---------------------------------------------------------------------------------------------------- finance
def _normal_cdf(z):
    return (1.0 + erf(z / np.sqrt(2.0))) / 2


def BlackScholes(S, K, r, sigma, T):
    """Price of a European call from Black's 1976 formula on the forward: five scalars to one.

    The task named BlackScholes_Jacobian is the Jacobian of the **gradient** of this price (5 -> 5, the second-order
    greeks): trace the reverse-mode gradient, and eliminate the graph of that program,

        jacobian(grad(BlackScholes, argnums=all), argnums=all)(S, K, r, sigma, T)

    so the count depends on how `grad` writes the gradient down. AlphaGrad's program has 139 vertices; 35 of them pass
    no derivative (the price, partials of constants) and 6 multiply by 1. Its partials are 1/b and -a/b**2 for a/b,
    0.5/sqrt(x), 2*x**1 for x**2, 2*exp(-z**2)/sqrt(pi) for erf(z). `counted` is for that program without the 35;
    without the multiplications by 1 as well it is 490, 427, 342, 289.
    """
    forward = np.exp(r * T) * S
    d1 = (np.log(forward / K) + sigma**2 / 2.0 * T) / (sigma * np.sqrt(T))
    d2 = d1 - sigma * np.sqrt(T)
    return np.exp(-r * T) * (forward * _normal_cdf(d1) - K * _normal_cdf(d2))


# --------------------------------------------------------------------------------------------- thermodynamics
def Helmholtz(x):
    """First term of the Helmholtz energy of a mixture, by component: x log(x / (1 - sum(x))), shape (n,) to (n,).

    After the example in Griewank and Walther, "Evaluating Derivatives" (2008).
    """
    return x * np.log(x / (1.0 + -np.sum(x)))


# ---------------------------------------------------------------------------------------------- neural network
def layer_norm(x, gamma, beta):
    """Normalise by mean and variance over the last axis (as in AlphaGrad: no axis is kept)."""
    n = x.shape[-1]
    mean = np.sum(x, axis=-1) / n
    variance = np.sum((x - mean) ** 2, axis=-1) / n
    return (x - mean) / np.sqrt(variance + 1e-6) * gamma + beta


def softmax(x, shift, keepdims=False):
    """Softmax over the last axis. It does not depend on the constant `shift`, which stands for the row maximum
    that AlphaGrad subtracts under a stop-gradient."""
    e = np.exp(x - shift)
    return e / np.sum(e, axis=-1, keepdims=keepdims)


def MLP(x, y, W1, b1, W2, b2, gamma, beta):
    """Cross-entropy of a two-layer perceptron for one sample: eight inputs to one scalar.

    tanh(W1 x + b1), layer norm, tanh(W2 . + b2), softmax, cross-entropy with y. Shapes: x (4,), y (4,), W1 (8, 4),
    b1 (8,), W2 (4, 8), b2 (4,), gamma (), beta (). AlphaGrad calls it MLP or Perceptron, with a batch of one.
    """
    hidden = layer_norm(np.tanh(W1 @ x + b1), gamma, beta)
    logits = np.tanh(W2 @ hidden + b2)
    return -np.sum(y * np.log(softmax(logits, shift=1.0)), axis=-1)


def _mlp_inputs():
    rng = np.random.default_rng(1234)
    return (
        np.ones(4), rng.standard_normal(4), rng.standard_normal((8, 4)), rng.standard_normal(8),
        rng.standard_normal((4, 8)), rng.standard_normal(4), np.float64(0.5), np.float64(1.0),
    )  # fmt: skip


TASKS = {
    "Helmholtz": Task(
        Helmholtz,
        (np.array([0.05, 0.15, 0.15, 0.2]),),
        published=Counts(56, 36, 44, None),
        counted=Counts(56, 36, 56, 33),
        proven=True,
    ),
    "RoeFlux_1d": Task(
        RoeFlux_1d,
        (0.01, 0.02, 0.02, 0.01, 0.03, 0.03),
        published=Counts(620, 364, 407, 320),
        counted=Counts(620, 364, 407, 295),
    ),
    "RobotArm_6DOF": Task(
        RobotArm_6DOF,
        (0.02,) * 6,
        published=Counts(397, 301, 288, 231),
        counted=Counts(397, 301, 288, 221),
        proven=True,
    ),
    "HumanHeartDipole": Task(
        HumanHeartDipole,
        (0.15,) * 8,
        published=Counts(240, 172, 194, 148),
        counted=Counts(240, 172, 194, 148),
        proven=True,
    ),
    "PropaneCombustion": Task(
        PropaneCombustion,
        (0.15,) * 11,
        published=Counts(151, 90, 111, 88),
        counted=Counts(151, 90, 111, 88),
        proven=True,
    ),
    "BlackScholes_Jacobian": Task(
        BlackScholes,
        (1.0,) * 5,
        published=Counts(545, 572, 350, 308),
        counted=Counts(513, 453, 350, 297),
        of_gradient=True,
    ),
    "MLP": Task(
        MLP,
        _mlp_inputs(),
        published=Counts(11012, 392, 4796, 389),
        counted=Counts(7542, 308, 2244, 308),
    ),
}
