"""Multiply-adds of the bundled denoisers, counted on the PyTorch modules."""
import torch


@torch.no_grad()
def multiply_adds(unet, blocks, channels, side):
    """Of one call for one image, by hooks: layers, plus the two products of each attention."""
    found, hooks = {}, []
    for name, layer in unet.named_modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            hooks.append(layer.register_forward_hook(
                lambda m, i, o, name=name: found.__setitem__(name, o.numel() * m.weight[0].numel())))
        elif name.endswith("attn"):
            hooks.append(layer.register_forward_hook(
                lambda m, i, o, name=name: found.__setitem__(name + ".products", 2 * m.side ** 4 * m.width)))
    unet(torch.zeros(1, channels, side, side), torch.zeros(1), torch.zeros(1, dtype=torch.int64))
    for hook in hooks:
        hook.remove()
    per_block = {b: sum(v for n, v in found.items() if n.startswith(f"blocks.{b}.")) for b in blocks}
    return {"total": sum(found.values()), "blocks": per_block}
