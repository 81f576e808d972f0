namespace BatchEval.Onnx.Runtime;

/// <summary>Computes in batches as large as memory allows.</summary>
public static class BatchHalving
{
    /// <summary>Computes; when memory runs out the batch is halved, down to one, and stays so.</summary>
    /// <param name="batch">Most items in one network call.</param>
    /// <param name="compute">Takes how many items a call may hold; the result does not depend on it.</param>
    public static T Run<T>(ref int batch, Func<int, T> compute)
    {
        while (true)
        {
            try
            {
                return compute(batch);
            }
            catch (Exception error) when (batch > 1 && NetworkFailedException.IsOutOfMemory(error))
            {
                batch /= 2;
            }
        }
    }
}
