namespace BatchEval.EndToEnd.Architecture.Seeded;

/// <summary>Does what no orchestrator may, so that a test can show that it is caught.</summary>
internal static class Orchestrator
{
    public static async Task<string> RunAsync(TimeProvider time)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), time).ConfigureAwait(false);
        return Guid.NewGuid().ToString();
    }
}
