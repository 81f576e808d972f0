"""What PyTorch computes without parts of the small transformers: each branch that a search may leave out alone, and several at once.

    /usr/bin/python3 drops.py      writes tests/Golden/pipelines/{dit-official,sd3,flux}/blocks.{json,npz}; needs PyTorch 1.13

A branch is left out by a hook that puts zeros in place of what it adds to its stream. Its parameters are those that autograd reaches from the output with it and not
without it, but for those of blocks that go with it: an attention of two streams keeps all its projections as long as one of the streams takes its part, and without the
last one nothing needs the end of the text's stream.
"""
import itertools

import numpy as np
import torch

import export_dit
from flux import FluxTransformer, image_ids, pack, unpack
from folders import ROOT, text, write
from joint import SD3Transformer
from layers import randomise
from tiny import SIDE, start


def without(branches, run):
    """Each branch is the module whose output is added, or that and the one that makes its factor, which nothing else reads."""
    handles = [b[0].register_forward_hook(lambda module, inputs, output: torch.zeros_like(output)) for b in branches]
    handles += [b[1].register_forward_hook(lambda module, inputs, output: output.detach()) for b in branches if len(b) > 1]
    try:
        return run()
    finally:
        for handle in handles:
            handle.remove()


def reached(model, run):
    """Names of the parameters that lie on a way to the output."""
    model.zero_grad(set_to_none=True)
    run().sum().backward()
    return {name for name, p in model.named_parameters() if p.grad is not None}


def record(name, model, feeds, branches, latents=lambda out: out):
    """branches: the name of a block, and its modules as above."""
    run = lambda: model(**feeds)
    for p in model.parameters():
        p.requires_grad_(True)
    whole, sizes = reached(model, run), {n: p.numel() for n, p in model.named_parameters()}
    lost = [whole - without([modules], lambda: reached(model, run)) for _, *modules in branches]
    alone = [own - set().union(*(other for other in lost if other < own)) for own in lost]
    blocks = [{"name": label, "parameters": sum(sizes[n] for n in own)} for (label, *_), own in zip(branches, alone)]
    masks = [[i] for i in range(len(branches))] + [list(pair) for pair in itertools.combinations(range(len(branches)), 2)] + [list(range(len(branches)))]
    with torch.no_grad():
        outputs = [latents(without([branches[i][1:] for i in mask], run)) for mask in masks]
        text(ROOT / name / "blocks.json", {"blocks": blocks, "masks": masks})
        write(ROOT / name / "blocks.npz", outputs=np.concatenate([o.numpy() for o in outputs]), whole=latents(run()), state=start(), **dict(list(feeds.items())[1:]))
    print(name, [(b["name"], b["parameters"]) for b in blocks])


def dit():
    model, _ = export_dit.small()
    branches = [(f"blocks.{i}.{label}", module) for i, block in enumerate(model.blocks) for label, module in (("attention", block.attn), ("feed-forward", block.mlp))]
    record("dit-official", model, {"sample": start(), "timestep": torch.tensor([500.0]), "class_labels": torch.tensor([4])}, branches)


def sd3():
    model = randomise(SD3Transformer(SIDE, 2, 4, 16, 2, 2, joint=32, pooled=20), 8)
    generator = torch.Generator().manual_seed(21)
    feeds = {"hidden_states": start(), "encoder_hidden_states": torch.randn(1, 9, 32, generator=generator), "pooled_projections": torch.randn(1, 20, generator=generator), "timestep": torch.tensor([500.0])}
    first, last = model.transformer_blocks
    record("sd3", model, feeds, [
        ("transformer_blocks.0.attention", first.attn.to_out[0]), ("transformer_blocks.0.feed-forward", first.ff),
        ("transformer_blocks.0.attention.1", first.attn.to_add_out), ("transformer_blocks.0.feed-forward.1", first.ff_context),
        ("transformer_blocks.1.attention", last.attn.to_out[0]), ("transformer_blocks.1.feed-forward", last.ff)])


def flux():
    model = randomise(FluxTransformer(16, 16, 2, 1, 2, joint=12, pooled=8, axes=(2, 2, 4)), 15)
    generator = torch.Generator().manual_seed(16)
    feeds = {"hidden_states": pack(start()), "encoder_hidden_states": torch.randn(1, 6, 12, generator=generator), "pooled_projections": torch.randn(1, 8, generator=generator),
             "timestep": torch.tensor([0.5]), "img_ids": image_ids(SIDE, SIDE), "txt_ids": torch.zeros(6, 3, dtype=torch.int64), "guidance": torch.tensor([3.5])}
    double = model.transformer_blocks[0]
    record("flux", model, feeds, [
        ("transformer_blocks.0.attention", double.to_out), ("transformer_blocks.0.attention.1", double.to_add_out),
        ("transformer_blocks.0.feed-forward", double.ff), ("transformer_blocks.0.feed-forward.1", double.ff_context),
        *((f"single_transformer_blocks.{i}", block.proj_out, block.linear) for i, block in enumerate(model.single_transformer_blocks))], lambda out: unpack(out, SIDE, SIDE))


if __name__ == "__main__":
    dit()
    sd3()
    flux()
