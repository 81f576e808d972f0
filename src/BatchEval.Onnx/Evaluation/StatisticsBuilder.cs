using BatchEval.Core.Metrics;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Evaluation;

/// <summary>
/// Mean and covariance of the features of any number of images, streamed. Images are dealt out to shards of a fixed size whose moments are merged in order, so that
/// an interrupted computation that goes on from its state ends in the same bits, at every batch size.
/// </summary>
public sealed class StatisticsBuilder(IImageSource source, FeatureNetwork network, StatisticsOptions options)
{
    private long saved = options.Time.GetTimestamp();

    /// <summary>Computes the statistics and writes them, readable by pytorch-fid, clean-fid and the guided-diffusion evaluator.</summary>
    /// <param name="output">The <c>.npz</c> file; written only when everything is done.</param>
    /// <param name="progress">Told the number of images done after every batch.</param>
    /// <param name="cancellation">Stops after the current batch; the state stays.</param>
    /// <returns>The statistics and what they were computed from.</returns>
    /// <exception cref="ProblemException">An image or a feature cannot be used, or the saved state does not fit.</exception>
    public (GaussianStatistics Statistics, StatisticsTags Tags) Write(string output, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        string identity = SourceIdentity.Of(
            "statistics", [source.Identity, network.Digest, network.Preprocessing, $"{options.ShardSize}", options.FeaturesFile is null ? "moments" : "features"]);
        StatisticsState state = options.StateFile is { } saved && File.Exists(saved) ? StatisticsState.Load(saved, identity) : StatisticsState.Empty;
        FeatureFile? features = options.FeaturesFile is { } file ? new FeatureFile(file, source.Count, network.Dimensions, state.Done) : null;
        try
        {
            progress?.Invoke(state.Done);
            state = ReadAll(state, identity, features, progress, cancellation);
            GaussianStatistics statistics = state.Moments!.ToStatistics();
            var tags = new StatisticsTags(network.Preprocessing, network.Digest, state.Digest.ToString());
            AtomicFile.Write(output, stream => StatisticsFile.Write(stream, statistics, tags));
            features?.Complete();
            if (options.StateFile is { } done)
            {
                File.Delete(done);
            }

            return (statistics, tags);
        }
        catch
        {
            // Without a state nobody can go on, so nothing half written stays.
            if (options.StateFile is null)
            {
                features?.Discard();
            }

            throw;
        }
        finally
        {
            features?.Dispose();
        }
    }

    private StatisticsState ReadAll(StatisticsState state, string identity, FeatureFile? features, Action<int>? progress, CancellationToken cancellation)
    {
        var shard = new MomentAccumulator(network.Dimensions, state.Done, options.Threads);
        var batch = new List<RgbImage>(options.BatchSize);
        int read = state.Done;
        foreach (RgbImage image in source.Read(state.Done))
        {
            batch.Add(image);
            read++;
            bool shardEnds = read % options.ShardSize == 0 || read == source.Count;
            if (batch.Count < options.BatchSize && !shardEnds)
            {
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            AddBatch(batch, read - batch.Count, shard, state.Digest, features);
            batch.Clear();
            progress?.Invoke(read);
            if (shardEnds)
            {
                state = state.With(shard.ToMoments());
                shard = new MomentAccumulator(network.Dimensions, read, options.Threads);
                SaveNowAndThen(state, identity, features);
            }
        }

        return state.Done == source.Count ? state : throw new InvalidDataException($"{source.Name} gave {state.Done} images instead of {source.Count}; it was changed while it was read.");
    }

    private void AddBatch(List<RgbImage> images, int first, MomentAccumulator shard, ImageSetDigest digest, FeatureFile? features)
    {
        foreach (byte[] hash in images.AsParallel().AsOrdered().Select(ImageSetDigest.HashOf))
        {
            digest.Add(hash);
        }

        (float[] rows, _) = network.Run(images, i => source.NameOf(first + i));
        try
        {
            shard.Add(rows);
        }
        catch (ArgumentException error)
        {
            throw new ProblemException($"{source.Name}: {ErrorText.Of(error)}");
        }

        features?.Add(rows);
    }

    private void SaveNowAndThen(StatisticsState state, string identity, FeatureFile? features)
    {
        if (options.StateFile is { } path && options.Time.GetElapsedTime(saved) >= options.SaveEvery)
        {
            features?.Flush();
            state.Save(path, identity);
            saved = options.Time.GetTimestamp();
        }
    }
}
