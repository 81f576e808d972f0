using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Models;

namespace BatchEval.Workflow.Tests.Models;

public class EmbeddingCacheTests
{
    [Fact]
    public async Task What_was_used_last_is_kept_within_the_memory_allowed()
    {
        using var cache = new EmbeddingCache(mostBytes: 2 * 4 * sizeof(float));
        var read = new List<string>();
        async Task GetAsync(string name) => await cache.GetAsync(name, () =>
        {
            read.Add(name);
            return Task.FromResult(new PromptEmbeddings(new TensorRows(new float[4], [1, 2, 2]), null, null, null));
        });
        foreach (var name in new[] { "a", "b", "a", "c", "a", "b" })
        {
            await GetAsync(name);
        }

        read.ShouldBe(["a", "b", "c", "b"]);
    }
}
