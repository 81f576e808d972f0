using BatchEval.Onnx.Text;

namespace BatchEval.Workflow.Models;

/// <summary>Encoded prompts that were used last, by name.</summary>
/// <param name="mostBytes">What is kept at most, but for what is in use.</param>
internal sealed class EmbeddingCache(long mostBytes = 1L << 30) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly LinkedList<(string Name, PromptEmbeddings Encoded)> kept = new();

    /// <summary>Gives what is kept under a name, or reads it: one at a time, for encoders need memory too.</summary>
    public async Task<PromptEmbeddings> GetAsync(string name, Func<Task<PromptEmbeddings>> read)
    {
        await gate.WaitAsync();
        try
        {
            if (Find(name) is { } known)
            {
                kept.Remove(known);
                return kept.AddFirst(known.Value).Value.Encoded;
            }

            var encoded = await read();
            kept.AddFirst((name, encoded));
            while (kept.Count > 1 && kept.Sum(k => k.Encoded.Bytes) > mostBytes)
            {
                kept.RemoveLast();
            }

            return encoded;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private LinkedListNode<(string Name, PromptEmbeddings Encoded)>? Find(string name)
    {
        for (var node = kept.First; node is not null; node = node.Next)
        {
            if (node.Value.Name == name)
            {
                return node;
            }
        }

        return null;
    }
}
