using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Tests.Runtime;

public class OpenPartsTests
{
    [Theory]
    [InlineData(false, "second first")]
    [InlineData(true, "")]
    public void What_was_opened_before_a_failure_is_closed_the_last_first(bool whole, string closed)
    {
        var order = new List<string>();
        try
        {
            using var parts = new OpenParts();
            parts.Add(new Part("first", order));
            parts.Add(new Part("second", order));
            if (!whole)
            {
                throw new NetworkFailedException("no memory for the third");
            }

            parts.Keep();
        }
        catch (NetworkFailedException)
        {
        }

        string.Join(' ', order).ShouldBe(closed);
    }

    private sealed class Part(string name, List<string> order) : IDisposable
    {
        public void Dispose() => order.Add(name);
    }
}
