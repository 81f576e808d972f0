namespace BatchEval.Onnx.Images;

/// <summary>How values between two grey levels become bytes. It moves PSNR between nearly equal images, so it is recorded.</summary>
public enum PixelRounding
{
    /// <summary>To the nearest, half to even: diffusers.</summary>
    Nearest,

    /// <summary>Downwards: guided-diffusion, AdaptiveDiffusion.</summary>
    Truncate,

    /// <summary>To the nearest, half upwards: EDM (127.5 x + 128, cast).</summary>
    HalfUp,
}
