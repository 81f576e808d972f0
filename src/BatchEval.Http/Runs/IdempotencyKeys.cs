using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Runs;

/// <summary>
/// Remembers which body came with which <c>Idempotency-Key</c>. A run's id follows from its specification, so a repeated request starts
/// nothing twice anyway; the key catches a client that sends something else under a key it has used.
/// </summary>
internal sealed class IdempotencyKeys(RunStore store)
{
    private const int LongestKey = 255;

    public async Task ClaimAsync(string key, string digest, CancellationToken cancellation)
    {
        if (key.Length is 0 or > LongestKey || key.Any(c => c is < ' ' or > '~'))
        {
            throw Refusal.BadRequest("Idempotency-Key", $"must be 1 to {LongestKey} printable ASCII characters.").Exception();
        }

        var name = $"_keys/{Digest.Of(key)}.json";
        if (await store.WriteJsonOnceAsync(name, new Claim(digest), cancellation))
        {
            return;
        }

        var claim = await store.ReadJsonAsync<Claim>(name, cancellation);
        if (claim is not null && claim.Body != digest)
        {
            throw new Refusal(422, "Idempotency key used before", "This Idempotency-Key came with another body before; use a new one.").Exception();
        }
    }

    private sealed record Claim(string Body);
}
