using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace BatchEval.Workflow.Storage;

/// <summary>
/// How a store is reached: a connection string (key or shared access signature), the address of a blob service for sign-in by identity, or an address with a
/// signature as the Azure portal gives it, of a blob service or of one container. No message holds a secret.
/// </summary>
internal sealed class StoreConnection
{
    private readonly string token;
    private readonly bool byIdentity;

    private StoreConnection(BlobContainerClient container, string token, bool byIdentity) => (Container, this.token, this.byIdentity) = (container, token, byIdentity);

    public BlobContainerClient Container { get; }

    /// <summary>The store's address without any secret.</summary>
    public string Place => Container.Uri.GetLeftPart(UriPartial.Path);

    /// <summary>Reads a connection.</summary>
    /// <param name="watch">Sees every attempt.</param>
    /// <exception cref="ProblemException">It is malformed.</exception>
    public static StoreConnection Parse(string connection, StorageWatch? watch = null)
    {
        var options = new BlobClientOptions();
        if (watch is not null)
        {
            options.AddPolicy(watch, HttpPipelinePosition.PerRetry);
        }

        options.Retry.MaxRetries = 4;
        options.Retry.Delay = TimeSpan.FromMilliseconds(400);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(10);
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(60);
        try
        {
            if (!Uri.TryCreate(connection, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                var signature = connection.Split(';').Select(part => part.Trim()).FirstOrDefault(part => part.StartsWith("SharedAccessSignature=", StringComparison.OrdinalIgnoreCase));
                return new StoreConnection(new BlobServiceClient(connection, options).GetBlobContainerClient(BlobNames.Container), signature?[(signature.IndexOf('=', StringComparison.Ordinal) + 1)..] ?? string.Empty, false);
            }

            var token = address.Query.TrimStart('?');
            return Parameter(token, "sig") is null ? new StoreConnection(new BlobServiceClient(address, new DefaultAzureCredential(), options).GetBlobContainerClient(BlobNames.Container), string.Empty, true)
                : Parameter(token, "sr") == "c" ? new StoreConnection(new BlobContainerClient(address, options), token, false)
                : new StoreConnection(new BlobServiceClient(address, options).GetBlobContainerClient(BlobNames.Container), token, false);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new ProblemException("The storage connection is neither a connection string nor an address; expected for example UseDevelopmentStorage=true, https://<account>.blob.<suffix>, or such an address with a shared access signature, as the portal gives it.");
        }
    }

    /// <summary>Makes the container if it is missing and the rights suffice; looking at runs needs neither.</summary>
    /// <exception cref="ProblemException">Nothing answers there, or it may not be read.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        try
        {
            await CreateAsync(cancellation);
        }
        catch (Exception error) when (error is AggregateException || StorageFaults.Is(error))
        {
            throw new ProblemException(ReasonOf(error));
        }
    }

    /// <summary>Why the storage could not be used, in whole sentences.</summary>
    public string ReasonOf(Exception error) => $"The storage at {Place} {Reason(StorageFaults.Cause(error) ?? error)}";

    private async Task CreateAsync(CancellationToken cancellation)
    {
        try
        {
            await Container.CreateIfNotExistsAsync(cancellationToken: cancellation);
        }
        catch (RequestFailedException error) when (error.Status == 403)
        {
            await foreach (var page in Container.GetBlobsAsync(cancellationToken: cancellation).AsPages(pageSizeHint: 1))
            {
                break;
            }
        }
    }

    private string Reason(Exception error) => error switch
    {
        AuthenticationFailedException => "needs an identity, and none is signed in. Sign in with 'az login', or give a connection string or an address with a signature.",
        RequestFailedException { Status: 404 } => "has no such container, and the token may not create it. Create it once with the right to, or name another one.",
        RequestFailedException { Status: 401 or 403 } refused => Refusal(refused),
        _ => $"could not be reached: {ErrorText.Of(error)}",
    };

    private string Refusal(RequestFailedException error)
    {
        var code = error.ErrorCode ?? $"status {error.Status}";
        if (token.Length == 0)
        {
            return byIdentity ? $"refuses the identity ({code}). It needs the role Storage Blob Data Contributor there, or Storage Blob Data Reader to look."
                : $"refuses the account key ({code}). Is it the key of that account, and current?";
        }

        // The service's clock decides.
        var now = error.GetRawResponse() is { } answer && answer.Headers.TryGetValue(HttpHeader.Names.Date, out var date) ? Time(date) : null;
        return Time(Parameter(token, "se")) is { } end && now >= end ? $"refuses the shared access signature: it expired at {end:yyyy-MM-dd HH:mm} UTC. Make a new one."
            : Time(Parameter(token, "st")) is { } start && now < start ? $"refuses the shared access signature: it is not valid before {start:yyyy-MM-dd HH:mm} UTC."
            : error.ErrorCode is "AuthenticationFailed" or "AuthorizationFailure" ? $"refuses the shared access signature ({code}): it does not belong to that account, was cut when it was copied, its key was changed, or a firewall is in between."
            : $"refuses the shared access signature ({code}): its permissions are '{Parameter(token, "sp")}'; reading runs needs r and l, and running needs r, w, l, c and d, on blobs and containers.";
    }

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    private static string? Parameter(string token, string name) =>
        token.TrimStart('?').Split('&').FirstOrDefault(part => part.StartsWith(name + "=", StringComparison.Ordinal)) is { } part ? Uri.UnescapeDataString(part[(name.Length + 1)..]) : null;
}
