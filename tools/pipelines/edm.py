"""The networks of EDM (Karras et al. 2022), written from their description with the names of the published weights: DDPM++, NCSN++ and ADM in one block, and the preconditioning around them."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Layer(nn.Module):
    """A linear layer or convolution (kernel 0: none), with resampling by two through a filter before it."""

    def __init__(self, cin, cout, kernel=None, bias=True, resample=None, taps=(1, 1), fused=False):
        super().__init__()
        shape = (cout, cin) if kernel is None else (cout, cin, kernel, kernel)
        self.kernel, self.resample, self.fused, self.cin, self.cout = kernel, resample, fused, cin, cout
        self.weight = None if kernel == 0 else nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(cout)) if bias and kernel != 0 else None
        self.padding = (len(taps) - 1) // 2
        line = torch.tensor(taps, dtype=torch.float32)
        self.register_buffer("resample_filter", (line[:, None] * line)[None, None] / line.sum() ** 2 if resample else None)

    def forward(self, x):
        if self.kernel is None:
            return F.linear(x, self.weight, self.bias)
        pad = self.kernel // 2
        if self.fused:
            # Down only: the convolution pads for the filter, too.
            x = F.conv2d(x, self.weight, padding=pad + self.padding)
            x = self.filtered(x, self.cout, 0)
        else:
            x = self.filtered(x, self.cin, self.padding) if self.resample else x
            x = F.conv2d(x, self.weight, padding=pad) if self.kernel else x
        return x if self.bias is None else x + self.bias[:, None, None]

    def filtered(self, x, channels, padding):
        if self.resample == "up":
            return F.conv_transpose2d(x, (4 * self.resample_filter).repeat(channels, 1, 1, 1), stride=2, padding=padding, groups=channels)
        return F.conv2d(x, self.resample_filter.repeat(channels, 1, 1, 1), stride=2, padding=padding, groups=channels)


def norm(width, eps):
    return nn.GroupNorm(min(32, width // 4), width, eps=eps)


class Block(nn.Module):
    """Residual block with attention behind it. adaptive: scale and shift after the second normalisation (ADM), otherwise a shift before it (DDPM++)."""

    def __init__(self, cin, cout, emb, heads, resample=None, taps=(1, 1), adaptive=True, skip_scale=1.0, eps=1e-5, project=False):
        super().__init__()
        self.adaptive, self.skip_scale, self.heads = adaptive, skip_scale, heads
        self.norm0, self.conv0 = norm(cin, eps), Layer(cin, cout, 3, resample=resample, taps=taps)
        self.affine = Layer(emb, (2 if adaptive else 1) * cout)
        self.norm1, self.conv1 = norm(cout, eps), Layer(cout, cout, 3)
        kernel = 1 if project or cin != cout else 0
        self.skip = Layer(cin, cout, kernel, resample=resample, taps=taps) if cin != cout or resample else None
        if heads:
            self.norm2, self.qkv, self.proj = norm(cout, eps), Layer(cout, 3 * cout, 1), Layer(cout, cout, 1)

    def forward(self, x, emb):
        h, given = self.conv0(F.silu(self.norm0(x))), self.affine(emb)[:, :, None, None]
        if self.adaptive:
            scale, shift = given.chunk(2, dim=1)
            h = F.silu(self.norm1(h) * (1 + scale) + shift)
        else:
            h = F.silu(self.norm1(h + given))
        x = (self.conv1(h) + (x if self.skip is None else self.skip(x))) * self.skip_scale
        return (x + self.attended(x)) * self.skip_scale if self.heads else x

    def attended(self, x):
        b, c, height, width = x.shape
        head = c // self.heads
        # q, k and v stand side by side for each channel of each head.
        q, k, v = (self.qkv(self.norm2(x)).reshape(b, self.heads, head, 3, height * width)[:, :, :, i] for i in range(3))
        weight = torch.softmax(torch.matmul(q.transpose(-2, -1), k * head ** -0.5), dim=-1)
        return self.proj(torch.matmul(v, weight.transpose(-2, -1)).reshape(b, c, height, width))


class Fourier(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.register_buffer("freqs", torch.empty(width // 2))


class Network(nn.Module):
    """DDPM++ and NCSN++ (song) or ADM, by the arguments that the published files carry."""

    def __init__(self, resolution, channels, label_dim=0, song=True, augment_dim=0, model_channels=None, channel_mult=None, channel_mult_emb=4, num_blocks=None, attn_resolutions=None,
                 embedding_type="positional", channel_mult_noise=1, encoder_type="standard", decoder_type="standard", resample_filter=(1, 1), **training):
        super().__init__()
        refuse({"embedding_type": embedding_type, "encoder_type": encoder_type, "decoder_type": decoder_type, **training})
        width, multiples = model_channels or (128 if song else 192), channel_mult or ((1, 2, 2, 2) if song else (1, 2, 3, 4))
        per_level, attended = num_blocks or (4 if song else 3), (16,) if song and attn_resolutions is None else (32, 16, 8) if attn_resolutions is None else tuple(attn_resolutions)
        emb, noise, last = width * channel_mult_emb, width * channel_mult_noise, len(multiples) - 1
        self.song, self.noise, self.label_dim, self.residual = song, noise, label_dim, encoder_type == "residual"
        more = {"adaptive": False, "skip_scale": math.sqrt(0.5), "eps": 1e-6, "project": True, "taps": tuple(resample_filter)} if song else {}
        block = lambda cin, cout, attend=False, resample=None: Block(cin, cout, emb, 0 if not attend else 1 if song else max(1, cout // 64), resample, **more)
        self.map_noise = Fourier(noise) if embedding_type == "fourier" else nn.Module()
        self.map_augment = Layer(augment_dim, noise, bias=False) if augment_dim else None  # of training; no augmentation adds nothing
        self.map_label = Layer(label_dim, noise if song else emb, bias=song) if label_dim else None
        self.map_layer0, self.map_layer1 = Layer(noise, emb), Layer(emb, emb)
        self.enc, self.dec, kept, c, aux = nn.ModuleDict(), nn.ModuleDict(), [], channels, channels
        for level, multiple in enumerate(multiples):
            side = f"{resolution >> level}x{resolution >> level}"
            if level == 0:
                c = width if song else width * multiple
                self.enc[f"{side}_conv"] = Layer(channels, c, 3)
            else:
                self.enc[f"{side}_down"] = block(c, c, resample="down")
                if self.residual:
                    self.enc[f"{side}_aux_residual"] = Layer(aux, c, 3, resample="down", taps=tuple(resample_filter), fused=True)
                    aux = c
            kept.append(c)
            for i in range(per_level):
                self.enc[f"{side}_block{i}"] = block(c, width * multiple, resolution >> level in attended)
                c = width * multiple
                kept.append(c)
        for level, multiple in reversed(list(enumerate(multiples))):
            side = f"{resolution >> level}x{resolution >> level}"
            if level == last:
                self.dec[f"{side}_in0"], self.dec[f"{side}_in1"] = block(c, c, True), block(c, c)
            else:
                self.dec[f"{side}_up"] = block(c, c, resample="up")
            for i in range(per_level + 1):
                attend = resolution >> level in attended and (i == per_level or not song)
                self.dec[f"{side}_block{i}"] = block(c + kept.pop(), width * multiple, attend)
                c = width * multiple
        out = norm(c, 1e-6 if song else 1e-5), Layer(c, channels, 3)
        if song:
            self.dec[f"{side}_aux_norm"], self.dec[f"{side}_aux_conv"] = out
        else:
            self.out_norm, self.out_conv = out

    def embedded(self, noise, labels):
        half = self.noise // 2
        if isinstance(self.map_noise, Fourier):
            angle = noise[:, None] * (2 * math.pi * self.map_noise.freqs)
        else:
            angle = noise[:, None] * 10000.0 ** (-torch.arange(half, dtype=torch.float32) / (half - 1 if self.song else half))
        # Song's networks take the sines first.
        emb = torch.cat([angle.sin(), angle.cos()] if self.song else [angle.cos(), angle.sin()], dim=1)
        if self.map_label is not None and self.song:
            emb = emb + self.map_label(labels * math.sqrt(self.label_dim))
        emb = self.map_layer1(F.silu(self.map_layer0(emb)))
        return F.silu(emb + self.map_label(labels) if self.map_label is not None and not self.song else emb)

    def forward(self, x, noise, labels=None):
        emb, kept, aux = self.embedded(noise, labels), [], x
        for name, layer in self.enc.items():
            if name.endswith("aux_residual"):
                x = kept[-1] = aux = (x + layer(aux)) * math.sqrt(0.5)
            else:
                x = layer(x, emb) if isinstance(layer, Block) else layer(x)
                kept.append(x)
        for name, layer in self.dec.items():
            if "aux" not in name:
                x = layer(torch.cat([x, kept.pop()], dim=1) if "_block" in name else x, emb)
        out = [layer for name, layer in self.dec.items() if "aux" in name] if self.song else [self.out_norm, self.out_conv]
        return out[1](F.silu(out[0](x)))


def refuse(given):
    """What the published models do not use."""
    allowed = {"embedding_type": ("positional", "fourier"), "encoder_type": ("standard", "residual"), "decoder_type": ("standard",)}
    for name, value in given.items():
        if name not in ("dropout", "label_dropout") and value not in allowed.get(name, ()):
            raise SystemExit(f"The file asks for {name} = {value!r}; known here: {', '.join(map(repr, allowed.get(name, ()))) or 'nothing of that name'}.")


class Denoiser(nn.Module):
    """D(x, sigma, labels), the clean image: c_skip x + c_out F(c_in x, ln(sigma) / 4) with the deviation of the data sigma_data."""

    def __init__(self, network, sigma_data=0.5):
        super().__init__()
        self.model, self.data = network, sigma_data

    def forward(self, x, sigma, labels=None):
        s = sigma[:, None, None, None]
        whole = s.square() + self.data ** 2
        return self.data ** 2 / whole * x + s * self.data / whole.sqrt() * self.model(x / whole.sqrt(), sigma.log() / 4, labels)
