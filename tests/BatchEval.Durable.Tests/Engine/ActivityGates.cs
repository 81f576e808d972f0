using System.Collections.Concurrent;

namespace BatchEval.Durable.Tests.Engine;

/// <summary>Stands before every activity: notes what begins and ends, and holds what it was told to hold.</summary>
internal sealed class ActivityGates
{
    private readonly ConcurrentDictionary<string, (TaskCompletionSource Arrived, TaskCompletionSource Open)> held = [];
    private readonly ConcurrentQueue<string> ended = [];

    /// <summary>Names of the activities that have ended, in order.</summary>
    public IReadOnlyList<string> Ended => [.. ended];

    /// <summary>Makes an activity fail instead of doing its work; null lets it pass.</summary>
    public Func<string, object?, Exception?> Fail { get; set; } = (_, _) => null;

    /// <summary>Awaited between an activity's work and its end, with its input and its output.</summary>
    public Func<object?, object?, Task> After { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Holds every activity of a name before it begins.</summary>
    /// <returns>Completes when the first has arrived.</returns>
    public Task Hold(string name) => held.GetOrAdd(name, _ => (Source(), Source())).Arrived.Task;

    /// <summary>Lets the held activities of a name go on, and all later ones pass.</summary>
    public void Release(string name)
    {
        held.TryRemove(name, out var gate).ShouldBeTrue();
        gate.Open.SetResult();
    }

    public async Task<TOutput> PassAsync<TOutput>(string name, object? input, Func<Task<TOutput>> activity)
    {
        if (held.TryGetValue(name, out var gate))
        {
            gate.Arrived.TrySetResult();
            await gate.Open.Task;
        }

        try
        {
            var output = Fail(name, input) is { } failure ? throw failure : await activity();
            await After(input, output);
            return output;
        }
        finally
        {
            ended.Enqueue(name);
        }
    }

    private static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
