namespace BatchEval.Core.Metrics.LinearAlgebra;

/// <summary>Runs independent pieces of work on a stated number of threads; which thread runs which piece never matters to a result.</summary>
internal static class ParallelLoop
{
    /// <summary>Calls <paramref name="body"/> once for each index in [0, <paramref name="count"/>).</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="degreeOfParallelism">Threads to use at most, at least 1.</param>
    /// <param name="body">The work of one piece; pieces must not write to the same place.</param>
    public static void Run(int count, int degreeOfParallelism, Action<int> body)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreeOfParallelism, 1);
        var threads = Math.Min(count, degreeOfParallelism);
        if (threads <= 1)
        {
            for (var i = 0; i < count; i++) body(i);
            return;
        }

        var next = -1;
        void Work()
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next)) body(i);
        }

        var helpers = new Task[threads - 1];
        for (var t = 0; t < helpers.Length; t++) helpers[t] = Task.Run(Work);
        try
        {
            Work();
        }
        finally
        {
            Task.WaitAll(helpers);
        }
    }
}
