// Two accounts: results as blobs and the task hub as queues and tables, reached by identity alone, and model weights on an NFS share, which needs no key either but is
// reached from the apps' subnet only.
param location string
param tags object
@minLength(5)
param token string
param appPrincipalId string
param userPrincipalId string
param appsSubnetId string
param workspaceId string
param taskHubName string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // Storage Blob Data Reader
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
var appRoles = [ blobDataOwner, queueDataContributor, tableDataContributor ]
var shareName = 'models'

// The queues that DurableTask.AzureStorage would make at its first start; the scale rules of the GPU app need them before. One control
// queue per partition of host.json.
var partitions = [ '00', '01', '02', '03' ]
var hubQueues = concat([ '${toLower(taskHubName)}-workitems' ], map(partitions, partition => '${toLower(taskHubName)}-control-${partition}'))

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

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: results
  name: 'default'
}

resource hub 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [for queue in hubQueues: {
  parent: queues
  name: queue
}]

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

resource appAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in appRoles: {
  name: guid(results.id, appPrincipalId, role)
  scope: results
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

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
output taskHubQueues array = hubQueues
output modelsServer string = '${weights.name}.file.${az.environment().suffixes.storage}'
output modelsShare string = '/${weights.name}/${share.name}'
