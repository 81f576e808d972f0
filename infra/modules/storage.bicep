// Two accounts: results as blobs, reached by identity alone, and model weights on an NFS share, which needs no key either but is
// reached from the apps' subnet only.
param location string
param tags object
param token string
param appPrincipalId string
param userPrincipalId string
param appsSubnetId string
param workspaceId string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // Storage Blob Data Reader
var shareName = 'models'

resource results 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'st${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: results
  name: 'default'
  properties: { deleteRetentionPolicy: { enabled: true, days: 7 } }
}

resource runs 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'runs'
}

resource weights 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'stm${token}'
  location: location
  tags: tags
  kind: 'FileStorage'
  sku: { name: 'Premium_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    // NFS 4.1 has no TLS of its own here; the firewall admits the apps' subnet and nothing else.
    supportsHttpsTrafficOnly: false
    networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: [ { id: appsSubnetId, action: 'Allow' } ] }
  }
}

resource files 'Microsoft.Storage/storageAccounts/fileServices@2023-05-01' = {
  parent: weights
  name: 'default'
}

resource share 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-05-01' = {
  parent: files
  name: shareName
  properties: { enabledProtocols: 'NFS', shareQuota: 100, rootSquash: 'NoRootSquash' }
}

resource appAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(results.id, appPrincipalId, blobDataOwner)
  scope: results
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}

resource userAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(results.id, userPrincipalId, blobDataReader)
  scope: results
  properties: {
    principalId: userPrincipalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [ { category: 'StorageWrite', enabled: true }, { category: 'StorageDelete', enabled: true } ]
    metrics: [ { category: 'Transaction', enabled: true } ]
  }
}

output accountName string = results.name
output blobEndpoint string = results.properties.primaryEndpoints.blob
output containerName string = runs.name
output modelsServer string = '${weights.name}.file.${az.environment().suffixes.storage}'
output modelsShare string = '/${weights.name}/${share.name}'
