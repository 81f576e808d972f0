using System.Collections.Concurrent;
using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Workflow.Models;

/// <summary>Finds model packages and keeps them open: one session per network and process.</summary>
/// <param name="roots">Folders that relative model names are looked up in, in order.</param>
public sealed class ModelHost(DeviceOptions device, IReadOnlyList<string> roots) : IDisposable
{
    private readonly ModelPackage? only;
    private readonly ConcurrentDictionary<string, ModelPackage> found = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<OpenedModel>> opened = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<CostModel?>> counted = new(StringComparer.Ordinal);

    /// <summary>Creates a host of one package, which it gives for every name: whether it is the model of a run, its digest tells.</summary>
    public ModelHost(DeviceOptions device, ModelPackage only)
        : this(device, []) => this.only = only;

    /// <summary>Where networks run.</summary>
    public DeviceOptions Device => device;

    /// <summary>
    /// Finds a package by the name that a specification gives. A full path that no longer exists is looked up by its folder's name, so
    /// that a run survives a move of its model; that it is the same model is checked by its digest. Every activity asks, so a package is
    /// read again only when one of its files has changed.
    /// </summary>
    /// <exception cref="ProblemException">There is none, or it is broken.</exception>
    /// <exception cref="IOException">The one package of this host has changed; another process may have it as it was.</exception>
    public ModelPackage Find(string model)
    {
        if (only is not null)
        {
            return only.IsUnchanged ? only : throw new IOException($"The model package '{only.Directory}' has changed since this process read it; start it again.");
        }

        string[] places = Path.IsPathRooted(model) ? [model, .. roots.Select(root => Path.Combine(root, Path.GetFileName(model)))] : [.. roots.Select(root => Path.Combine(root, model))];
        var place = places.FirstOrDefault(Directory.Exists)
            ?? throw new ProblemException($"The model package '{model}' was not found; looked at: {string.Join(", ", places)}.");
        return found.TryGetValue(place, out var known) && known.IsUnchanged ? known : found[place] = ModelPackage.Open(place);
    }

    /// <summary>Opens a package, or returns it as opened before.</summary>
    public OpenedModel Open(ModelPackage package) => Once(opened, package.Digest, () => OpenedModel.Open(package, device));

    /// <summary>What a package costs, counted when it is first asked for, since a network is run for it; null where its graph cannot be read that far.</summary>
    /// <param name="classified">Whether its classifier guides every call.</param>
    public CostModel? Count(ModelPackage package, bool classified = false) =>
        Once(counted, classified ? $"{package.Digest} classified" : package.Digest, () => ModelCosts.Count(Open(package), classified));

    private static T Once<T>(ConcurrentDictionary<string, Lazy<T>> known, string key, Func<T> make)
    {
        var made = known.GetOrAdd(key, _ => new Lazy<T>(make));
        try
        {
            return made.Value;
        }
        catch
        {
            // Whatever was in the way, memory for example, may be gone the next time.
            known.TryRemove(KeyValuePair.Create(key, made));
            throw;
        }
    }

    internal EmbeddingCache Embeddings { get; } = new();

    public void Dispose()
    {
        Embeddings.Dispose();
        foreach (var model in opened.Values.Where(m => m.IsValueCreated))
        {
            model.Value.Dispose();
        }
    }
}
