using BatchEval.Workflow.Local;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Counts units, and does something after some of them.</summary>
internal sealed class Units : IProgress<RoundProgress>
{
    public int Count { get; private set; }

    public int After { get; init; } = int.MaxValue;

    public Action? Then { get; init; }

    public void Report(RoundProgress value)
    {
        if (++Count == After)
        {
            Then?.Invoke();
        }
    }
}
