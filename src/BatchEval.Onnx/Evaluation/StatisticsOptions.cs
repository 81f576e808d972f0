namespace BatchEval.Onnx.Evaluation;

/// <summary>Settings of <see cref="StatisticsBuilder"/>.</summary>
public sealed record StatisticsOptions
{
    /// <summary>Images per call of the network.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Images per shard of moments. It fixes the bits of the result; a saved state ends at the end of a shard.</summary>
    public int ShardSize { get; init; } = 510;

    /// <summary>File to save the state in and to go on from, or null.</summary>
    public string? StateFile { get; init; }

    /// <summary>Least time between two savings.</summary>
    public TimeSpan SaveEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where to write the features themselves, [n, d] in float32, or null.</summary>
    public string? FeaturesFile { get; init; }

    /// <summary>Threads to use at most for the moments.</summary>
    public int Threads { get; init; } = 1;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
