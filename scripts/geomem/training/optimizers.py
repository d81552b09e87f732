"""The built-in optimizers: torch's own update functions, without its optimizer classes.

Constructing the first `torch.optim.Optimizer` imports torch's compiler, which nothing here uses: in
every training 4 s of processor time and 150 MB. Torch's functional forms compute the same numbers
and import nothing. `Fused` holds the state between their calls, and has the methods of a torch
optimizer that training needs, since a user's own optimizer is one.
"""

import torch
from torch.optim.adam import adam
from torch.optim.sgd import sgd

BETAS, EPSILON = (0.9, 0.999), 1e-8  # torch's defaults for adam and adamw


class Fused:
    """SGD, Adam or AdamW over a list of parameters, one kernel for all of them.

    Parameters
    ----------
    kind : str
        sgd, adam or adamw.
    parameters : iterable of Parameter
    settings : dict
        `lr`, `weight_decay`; for sgd `momentum`, `nesterov`.

    Attributes
    ----------
    param_groups : list of one dict
        `params` and the settings; `lr` is read at every step.
    """

    def __init__(self, kind, parameters, settings):
        self._kind = kind
        self.param_groups = [{"params": list(parameters), **settings}]
        self._state = {}

    def zero_grad(self, set_to_none=True):
        """Forget all gradients; as `torch.optim.Optimizer.zero_grad`, which this stands in for."""
        for parameter in self.param_groups[0]["params"]:
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.detach_().zero_()

    @torch.no_grad()
    def step(self):
        """Update every parameter that has a gradient."""
        group = self.param_groups[0]
        moved = [(i, p) for i, p in enumerate(group["params"]) if p.grad is not None]
        parameters = [p for _, p in moved]
        gradients = [p.grad for _, p in moved]
        states = [self._of(i, p) for i, p in moved]
        if self._kind == "sgd":
            sgd(
                parameters,
                gradients,
                [state.get("momentum_buffer") for state in states],
                fused=True,
                weight_decay=group["weight_decay"],
                momentum=group["momentum"],
                lr=group["lr"],
                dampening=0.0,
                nesterov=group["nesterov"],
                maximize=False,
            )
            return
        adam(
            parameters,
            gradients,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            decoupled_weight_decay=self._kind == "adamw",
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=EPSILON,
            maximize=False,
        )

    def _of(self, position, parameter):
        """The state of a parameter, made when it first has a gradient, updated in place."""
        if position not in self._state:
            if self._kind == "sgd":
                names = ("momentum_buffer",) if self.param_groups[0]["momentum"] else ()
            else:
                names = ("exp_avg", "exp_avg_sq")
            made = {name: torch.zeros_like(parameter, requires_grad=False) for name in names}
            if self._kind != "sgd":
                step = torch.zeros((), dtype=torch.float32, device=parameter.device)
                made = {"step": step, **made}
            self._state[position] = made
        return self._state[position]

    def state_dict(self):
        """`state`, tensors by name of each parameter by position, and `param_groups`."""
        return {"state": {i: dict(state) for i, state in self._state.items()}, "param_groups": []}

    def load_state_dict(self, found):
        """Take over the tensors that `state_dict` gave under `state`."""
        self._state = {
            i: {
                name: value.to(self.param_groups[0]["params"][i].device)
                for name, value in state.items()
            }
            for i, state in found["state"].items()
        }
